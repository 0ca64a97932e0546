import { z } from 'zod';
import { UNIT_SYSTEMS } from '@app/common/templates';
import { momentField, numberField } from '../cli';

const localeField = z
  .string()
  .refine((tag) => accepts(() => Intl.getCanonicalLocales(tag)), 'is no locale such as en or pt-BR');
const timezoneField = z
  .string()
  .refine(
    (timeZone) => accepts(() => new Intl.DateTimeFormat('en', { timeZone })),
    'is no IANA time zone such as UTC or Europe/Vienna',
  );

/** More are only counted in a mail. */
const MOST_TOGETHER = 10_000;

export const previewSchema = z.object({
  type: z.string(),
  locale: localeField.default('en'),
  timezone: timezoneField.default('UTC'),
  units: z.enum(UNIT_SYSTEMS, `is none of ${UNIT_SYSTEMS.join(', ')}`).default('metric'),
  payload: z.string().optional(),
  at: momentField.optional(),
  count: numberField({ min: 2, max: MOST_TOGETHER, whole: true }).optional(),
  html: z.boolean().default(false),
});
export type PreviewOptions = z.infer<typeof previewSchema>;

function accepts(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
