import { z } from 'zod';
import { INTENT_CATALOG, OPERATOR_PRODUCER, type NotificationType } from '@app/common/contracts';
import { countField, DEFAULT_TENANT, momentField, numberField, tenantField, userIdField } from '../cli';
import { entryIdField } from '../streams';

/** What an operator may send. */
export const SENDABLE_TYPES = [...INTENT_CATALOG.values()]
  .filter(({ producers }) => producers.includes(OPERATOR_PRODUCER))
  .map(({ type }) => type);

const isSendable = (name: string): name is NotificationType => SENDABLE_TYPES.includes(name);

const flag = z.boolean().default(false);
const wordField = z.string().trim().min(1, 'is empty').max(255, 'is longer than 255 characters');

export const sendSchema = z.object({
  type: z.string().transform((name, context) => {
    const type = INTENT_CATALOG.get(name);
    if (type !== undefined && isSendable(name)) return { ...type, name };
    context.addIssue({ code: 'custom', message: `is none of ${SENDABLE_TYPES.join(', ')}` });
    return z.NEVER;
  }),
  to: z.array(userIdField).default([]),
  payload: z.string().min(1),
  subject: wordField.optional(),
  key: wordField.optional(),
  occurred_at: momentField.optional(),
  tenant: tenantField.default(DEFAULT_TENANT),
  dry_run: flag,
});
export type SendWish = z.infer<typeof sendSchema>;

export const listSchema = z.object({
  code: wordField.optional(),
  producer: wordField.optional(),
  type: wordField.optional(),
  since: momentField.optional(),
  limit: countField(50),
});
export type MalformedFilter = z.infer<typeof listSchema>;

const contextField = numberField({ min: 0, max: 1_000, whole: true }).default(5);

/** `--around` without a value: around the entry of the malformed intent itself. */
export const showSchema = z
  .object({
    id: z
      .string()
      .regex(/^(\d{1,18}|\d{1,20}-\d{1,20})$/, 'is neither a number of the list nor an entry id')
      .optional(),
    around: z.union([z.literal(true), entryIdField], 'is no entry id such as 1769846400000-0').optional(),
    before: contextField,
    after: contextField,
    full: flag,
  })
  .refine(({ id, around }) => id !== undefined || typeof around === 'string', {
    path: ['id'],
    message: 'is missing: give it, or --around <stream id>',
  });
export type ShowWish = z.infer<typeof showSchema>;
