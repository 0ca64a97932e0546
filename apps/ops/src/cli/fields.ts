import { isStorableTime } from '@app/common/contracts';
import { z } from 'zod';

/** Fields that several nouns have. They read text (options, CSV cells) as well as JSON values (GeoJSON). */

export const DEFAULT_TENANT = 'default';

export const tenantField = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'has to be 1 to 64 letters, digits, dots, dashes or underscores');

/** A name that people gave: shown in notifications, so no line breaks and not without end. */
export const nameField = z
  .string('has to be text')
  .trim()
  .min(1, 'is empty')
  .max(120, 'is longer than 120 characters')
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'has control characters');

export const userIdField = z
  .string()
  .regex(/^[\w.@:-]{1,128}$/, 'has to be 1 to 128 letters, digits or ._@:-');

interface NumberBounds {
  readonly min?: number;
  readonly above?: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** A plain decimal number; `''`, `0x10` and `Infinity`, which `Number` would take, are none. */
export function numberField({ min, above, max, whole = false }: NumberBounds) {
  return z.union([z.number(), z.string()], 'is no number').transform((input, context) => {
    const value = typeof input === 'number' ? input : decimal(input);
    const problem =
      (value === undefined && 'is no number') ||
      (value !== undefined && problemOf(value, { min, above, max, whole }));
    if (value !== undefined && problem === false) return value;
    context.addIssue({ code: 'custom', message: problem === false ? 'is no number' : problem });
    return z.NEVER;
  });
}

function decimal(text: string): number | undefined {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : undefined;
}

function problemOf(
  value: number,
  {
    min,
    above,
    max,
    whole,
  }: { min: number | undefined; above: number | undefined; max: number; whole: boolean },
): string | false {
  if (!Number.isFinite(value)) return 'is no number';
  if (whole && !Number.isInteger(value)) return 'is no whole number';
  if (min !== undefined && value < min) return `is below ${min}`;
  if (above !== undefined && value <= above) return `has to be above ${above}`;
  return value > max && `is above ${max}`;
}

/** `true`, `false`, `yes`, `no`, `1`, `0`. */
export const flagField = z
  .enum(['true', 'false', 'yes', 'no', '1', '0'], 'is neither true nor false')
  .transform((text) => ['true', 'yes', '1'].includes(text));

/** Digits from which an epoch counts milliseconds: 10^11 s would be the year 5138. */
const MS_DIGITS = 12;

/**
 * A moment: an ISO time with its zone, a date (midnight UTC), seconds or milliseconds since 1970, or the word `epoch`
 * for 1970 itself. A time without a zone is refused: it would mean another moment on each machine.
 */
export const momentField = z.string().transform((text, context) => {
  const ms = momentMs(text.trim());
  if (ms !== undefined && ms >= 0 && isStorableTime(ms)) return new Date(ms);
  context.addIssue({
    code: 'custom',
    message: 'is no moment such as 2026-01-31T08:00:00Z, 2026-01-31, 1769846400 or epoch',
  });
  return z.NEVER;
});

function momentMs(text: string): number | undefined {
  if (text === 'epoch') return 0;
  if (/^\d{1,15}$/.test(text)) return text.length < MS_DIGITS ? Number(text) * 1000 : Number(text);
  const isIso = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text).success;
  return isIso ? Date.parse(text) : undefined;
}

/** How many of a list to show. */
export const countField = (fallback: number) =>
  numberField({ min: 1, max: 100_000, whole: true }).default(fallback);
