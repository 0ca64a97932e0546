import { z } from 'zod';
import { flagField, tenantField, userIdField } from '../cli';
import { weekdaysOf } from './weekdays';

/** RFC 5321 allows no longer path. */
const MAX_EMAIL_LENGTH = 254;

/** One bare address: with a display name or a comma, a mail would go to whoever else the text names. */
const emailField = z
  .email('is no single address such as ann@example.com')
  .max(MAX_EMAIL_LENGTH, 'is longer than an address can be');

/** A BCP 47 tag, in its canonical writing: `en-us` becomes `en-US`. */
const localeField = z.string().transform((text, context) => {
  const [locale] = canonicalLocales(text);
  if (locale !== undefined) return locale;
  context.addIssue({ code: 'custom', message: 'is no locale such as en or de-AT' });
  return z.NEVER;
});

/** A name of the IANA time zone database; offsets are none, since they know no summer time. */
const timezoneField = z.string().transform((text, context) => {
  const known = timezoneNamed(text);
  if (known !== undefined) return known;
  context.addIssue({ code: 'custom', message: 'is no IANA time zone such as UTC or Europe/Vienna' });
  return z.NEVER;
});

function canonicalLocales(text: string): string[] {
  try {
    return Intl.getCanonicalLocales(text);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function timezoneNamed(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    // Mended letters, but not replaced: the list renames zones now and then (Asia/Calcutta), and others read this too.
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `22:00-07:00` on the clocks of the zone; an end before the start is that of the next day. `none`, or --no-quiet: never. */
const quietField = z.union([z.literal(false), z.string()]).transform((given, context) => {
  if (given === false || given === 'none') return null;
  const [, startsAt, endsAt] =
    /^\s*([01]\d:[0-5]\d|2[0-3]:[0-5]\d)\s*-\s*([01]\d:[0-5]\d|2[0-3]:[0-5]\d)\s*$/.exec(given) ?? [];
  if (startsAt !== undefined && endsAt !== undefined && startsAt !== endsAt) return { startsAt, endsAt };
  context.addIssue({ code: 'custom', message: 'are no quiet hours such as 22:00-07:00 (or none)' });
  return z.NEVER;
});

const weekdaysField = z.string().transform((text, context) => {
  const mask = weekdaysOf(text);
  if (mask !== undefined) return mask;
  context.addIssue({ code: 'custom', message: 'are no days such as mon-fri, sat,sun or daily' });
  return z.NEVER;
});

/** The word that gives the quiet hours the zone of the account again. */
const ACCOUNT_ZONE = 'account';
const quietTimezoneField = z.union([z.literal(ACCOUNT_ZONE).transform(() => null), timezoneField]);

/** A user as an operator gives it; what is left out stays as it is, or is the default where the user is new. */
export const userDraft = z.object({
  user_id: userIdField,
  email: emailField.optional(),
  locale: localeField.optional(),
  timezone: timezoneField.optional(),
  tenant: tenantField.optional(),
  units: z.enum(['metric', 'imperial'], 'is neither metric nor imperial').optional(),
  enabled: flagField.optional(),
  quiet: quietField.optional(),
  quiet_days: weekdaysField.optional(),
  quiet_timezone: quietTimezoneField.optional(),
});
export type UserDraft = z.infer<typeof userDraft>;

export const userKey = z.object({ user_id: userIdField });
export type UserKey = z.infer<typeof userKey>;
