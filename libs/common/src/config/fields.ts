import { z } from 'zod';

/** Field types that settings are made of. Durations read as `500ms`, `30s`, `1h30m` or `7d` and become milliseconds. */

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;
const isUnit = (text: string): text is Unit => text in UNIT_MS;

const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds from text such as `15m` or `1h30m`, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.replaceAll(PART, '') !== '') return undefined;
  let milliseconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(PART)) {
    if (amount === undefined || unit === undefined || !isUnit(unit)) return undefined;
    milliseconds += Number(amount) * UNIT_MS[unit];
  }
  return milliseconds;
}

export function duration(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const milliseconds = parseDuration(text);
      if (milliseconds !== undefined) return milliseconds;
      context.addIssue({ code: 'custom', message: 'is no duration such as 500ms, 30s, 15m, 24h or 7d' });
      return z.NEVER;
    });
}

export function integer(fallback: number, { min, max }: { min: number; max: number }) {
  return z.coerce
    .number('is no number')
    .int('is no whole number')
    .min(min, `is below ${min}`)
    .max(max, `is above ${max}`)
    .default(fallback);
}

/** A TCP port; 0 lets the system choose one. */
export const port = (fallback: number) => integer(fallback, { min: 0, max: 65_535 });

/** Where a server listens. */
export interface ListenAddress {
  /** Undefined: every interface. */
  readonly host: string | undefined;
  readonly port: number;
}

/** `host:port`, `[address]:port` or `:port` for every interface; port 0 lets the system choose one. */
export function listenAddress(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context): ListenAddress => {
      const [, address, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
      const host = address ?? name;
      if (digits !== undefined && Number(digits) <= 65_535) {
        return { host: host === '' ? undefined : host, port: Number(digits) };
      }
      context.addIssue({ code: 'custom', message: 'is no address such as :8080 or 127.0.0.1:8080' });
      return z.NEVER;
    });
}

export function flag(fallback: boolean) {
  return z
    .enum(['true', 'false'], 'is neither true nor false')
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true');
}

export function oneOf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  fallback: NoInfer<Values[number]>,
) {
  // zod's default wants the enum's own mapped type; going through preprocess keeps the literal union without a cast.
  return z.preprocess((value) => value ?? fallback, z.enum(values, `is none of ${values.join(', ')}`));
}

export function url(protocols: readonly string[]) {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.replace(/:$/, '')),
      `is no URL of the form ${protocols.map((protocol) => `${protocol}://…`).join(' or ')}`,
    );
}

/**
 * A URL with one or several hosts, as `redis://user:password@host1:6379,host2:6379/0`: what is not a host holds for all.
 * Each host must be a URL of its own with it.
 */
export function seedUrl(protocols: readonly string[]) {
  const one = url(protocols);
  return z
    .string()
    .refine(
      (text) => seedsOf(text).every((seed) => one.safeParse(seed).success),
      `is no URL of the form ${protocols.map((protocol) => `${protocol}://host1:port,host2:port`).join(' or ')}`,
    );
}

/** One URL for each host of such a text, in order; the text itself where it is of another form. */
export function seedsOf(text: string): string[] {
  const match = /^([^:/]+:\/\/(?:[^/?]*@)?)([^/?@]*)(.*)$/s.exec(text);
  const [, head = '', hosts = '', tail = ''] = match ?? [];
  return match === null ? [text] : hosts.split(',').map((host) => head + host + tail);
}
