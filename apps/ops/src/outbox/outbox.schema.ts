import { z } from 'zod';
import { OUTBOX_TOPICS } from '@app/common/contracts';
import { countField } from '../cli';

const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#r\d{1,18})?$/;

export const topicField = z.enum(OUTBOX_TOPICS, `is none of ${OUTBOX_TOPICS.join(', ')}`);
export const keyField = z.string().min(1, 'is empty').max(255, 'is longer than 255 characters');
export const reasonField = z
  .string('is missing')
  .trim()
  .min(3, 'is shorter than 3 characters')
  .max(500, 'is longer than 500');
export const flag = z.boolean().default(false);

/** An event id as the streams carry it; a replay as new has `#r<replay>` behind it. */
export const eventIdField = z.string().regex(EVENT_ID, 'is no event id');

/** A row of the retry lane: its number, or the event id that it carries. */
export const rowField = z.string().transform((text, context): RowName => {
  if (/^\d{1,18}$/.test(text)) return { rowId: text, eventId: null };
  if (EVENT_ID.test(text)) return { rowId: null, eventId: text };
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
