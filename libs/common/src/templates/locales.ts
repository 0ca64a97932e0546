/** The language that every template has, and that everything falls back to. */
export const LAST_LOCALE = 'en';

/** The tag itself, then what is left of it without its last parts, then `en`: `pt-BR` gives `pt-BR`, `pt`, `en`. */
export function fallbackChain(tag: string): string[] {
  const chain: string[] = [];
  const parts = (canonicalLocale(tag) ?? LAST_LOCALE).replace(/-[ux]-.*$/, '').split('-');
  for (let length = parts.length; length > 0; length -= 1) chain.push(parts.slice(0, length).join('-'));
  return chain.includes(LAST_LOCALE) ? chain : [...chain, LAST_LOCALE];
}

/** The tag as BCP 47 writes it, or undefined where it is none: directories of others may hold anything. */
export function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * What numbers and times are written in: the user's own tag where the text is in its language, so that `de-AT` keeps its
 * month names in a `de` text; else the text's, so that an English sentence does not hold a Japanese date.
 */
export function formatLocale(tag: string, textLocale: string): string {
  const canonical = canonicalLocale(tag);
  if (canonical === undefined) return textLocale;
  return new Intl.Locale(canonical).language === new Intl.Locale(textLocale).language
    ? canonical
    : textLocale;
}

/** The zone where it is one that this runtime knows, else UTC: nobody is left untold for a misspelt zone. */
export function knownTimezone(timezone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return 'UTC';
    throw error;
  }
}
