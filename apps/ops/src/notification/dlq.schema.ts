import { z } from 'zod';
import { CHANNELS } from '@app/common/contracts';
import { countField, momentField, numberField, reasonField, tenantField } from '../cli';

const flag = z.boolean().default(false);
const wordField = z.string().min(1, 'is empty').max(255, 'is longer than 255 characters');
const letterField = z.string().regex(/^\d{1,18}$/, 'is no number of a letter');

const filter = {
  channel: z.enum(CHANNELS, `is none of ${CHANNELS.join(', ')}`).optional(),
  class: wordField.optional(),
  type: wordField.optional(),
  recipient: wordField.optional(),
  tenant: tenantField.optional(),
  since: momentField.optional(),
};

export const listSchema = z.object({ ...filter, resolved: flag, limit: countField(50), full: flag });
export type ListFilter = z.infer<typeof listSchema>;

export const showSchema = z.object({ letter: letterField, full: flag });

export const DEFAULT_RATE = 50;

/** One letter, or all that the filter lets pass; several only with `yes`. */
const chosen = { ...filter, letter: letterField.optional(), all: flag, dry_run: flag, yes: flag };
export const replaySchema = z.object({
  ...chosen,
  rate: numberField({ min: 1, max: 10_000, whole: true }).default(DEFAULT_RATE),
  reason: reasonField.optional(),
});
export const resolveSchema = z.object({ ...chosen, reason: reasonField });
export type ChosenLetters = Omit<z.infer<typeof replaySchema>, 'rate'>;
