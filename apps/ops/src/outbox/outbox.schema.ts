import { z } from 'zod';
import { OUTBOX_TOPICS, publishedEventIdSchema } from '@app/common/contracts';
import { countField, reasonField } from '../cli';

export const topicField = z.enum(OUTBOX_TOPICS, `is none of ${OUTBOX_TOPICS.join(', ')}`);
export const keyField = z.string().min(1, 'is empty').max(255, 'is longer than 255 characters');
export const flag = z.boolean().default(false);

/** A row of the retry lane: its number, or the event id that it carries. */
export const rowField = z.string().transform((text, context): RowName => {
  if (/^\d{1,18}$/.test(text)) return { rowId: text, eventId: null };
  if (publishedEventIdSchema.safeParse(text).success) return { rowId: null, eventId: text };
  context.addIssue({ code: 'custom', message: 'is neither the number of a row nor an event id' });
  return z.NEVER;
});
export interface RowName {
  readonly rowId: string | null;
  readonly eventId: string | null;
}

export const peekSchema = z.object({
  topic: topicField.optional(),
  key: keyField.optional(),
  kind: z.enum(['parked', 'timer', 'replay'], 'is none of parked, timer, replay').optional(),
  limit: countField(50),
  full: flag,
});
export type PeekFilter = z.infer<typeof peekSchema>;

export const pauseSchema = z.object({ topic: topicField, reason: reasonField });
export const resumeSchema = z.object({ topic: topicField });
export const retrySchema = z.object({ row: rowField });
export const skipSchema = z.object({ row: rowField, reason: reasonField });
