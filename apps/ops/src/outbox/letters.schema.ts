import { z } from 'zod';
import { countField, momentField, reasonField } from '../cli';
import { flag, keyField, topicField } from './outbox.schema';

/** Why a message was given up. */
export const LETTER_REASONS = ['max_deliveries', 'retry_terminal', 'rejected'] as const;

const letterField = z.string().regex(/^\d{1,18}$/, 'is no number of a letter');
const filter = {
  topic: topicField.optional(),
  why: z.enum(LETTER_REASONS, `is none of ${LETTER_REASONS.join(', ')}`).optional(),
  key: keyField.optional(),
};

export const listSchema = z.object({ ...filter, resolved: flag, limit: countField(50), full: flag });
export const showSchema = z.object({ letter: letterField, full: flag });
/** One letter, or all that the filter lets pass. */
export const chosenSchema = z.object({ ...filter, letter: letterField.optional(), all: flag, dry_run: flag });
export const resolveSchema = chosenSchema.extend({ reason: reasonField });
export const purgeSchema = z.object({ before: momentField, execute: flag });

export type ListFilter = z.infer<typeof listSchema>;
export type ChosenLetters = z.infer<typeof chosenSchema>;
