import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { countField } from '../cli';

const LETTER = /^(\d{1,4})\/(\d{1,20}-\d{1,20})$/;

/** A letter's name over all shards: `<shard>/<entry id>`. */
export const letterField = z.string().transform((text, context) => {
  const [, shard, id] = LETTER.exec(text) ?? [];
  if (shard !== undefined && id !== undefined) return { shard: Number(shard), id };
  context.addIssue({ code: 'custom', message: 'is no letter such as 3/1769846400000-0' });
  return z.NEVER;
});

const filter = {
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{1,60}$/, 'is no error code')
    .optional(),
  imei: imeiSchema.optional(),
};
const flag = z.boolean().default(false);

export const listSchema = z.object({ ...filter, limit: countField(50), full: flag });
export const showSchema = z.object({ letter: letterField, full: flag });
/** One letter, or all that the filter lets pass. */
export const chosenSchema = z.object({ ...filter, letter: letterField.optional(), all: flag, dry_run: flag });
export const resolveSchema = chosenSchema.extend({
  reason: z.string('is missing').trim().min(3, 'is shorter than 3 characters').max(500, 'is longer than 500'),
});

export type LetterFilter = Pick<z.infer<typeof listSchema>, 'code' | 'imei'>;
export type ChosenLetters = z.infer<typeof chosenSchema>;
