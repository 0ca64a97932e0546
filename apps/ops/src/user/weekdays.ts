/** As people write them, Monday first: bit 0 of a mask is Monday. */
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const ALL_DAYS = 127;
const DAILY = 'daily';

/**
 * `mon-fri`, `sat,sun`, `fri-mon` or `daily` as a mask of days.
 *
 * @returns undefined for text that names no days.
 */
export function weekdaysOf(text: string): number | undefined {
  if (text.toLowerCase() === DAILY) return ALL_DAYS;
  let mask = 0;
  for (const part of text.toLowerCase().split(',')) {
    const [from = '', to = from, ...rest] = part.split('-');
    const [first, last] = [indexOf(from), indexOf(to)];
    if (first === undefined || last === undefined || rest.length > 0) return undefined;
    for (let day = first; ; day = (day + 1) % DAYS.length) {
      mask |= 1 << day;
      if (day === last) break;
    }
  }
  return mask;
}

/** A mask as {@link weekdaysOf} reads it; three days or more in a row as a range. */
export function weekdaysText(mask: number): string {
  if (mask === ALL_DAYS) return DAILY;
  const parts: string[] = [];
  for (let day = 0; day < DAYS.length; day += 1) {
    let last = day;
    while (last < DAYS.length && (mask & (1 << last)) !== 0) last += 1;
    const run = DAYS.slice(day, last);
    if (run.length > 2) parts.push(`${run[0]}-${run.at(-1)}`);
    else parts.push(...run);
    day = Math.max(day, last);
  }
  return parts.join(',');
}

function indexOf(day: string): number | undefined {
  const index = DAYS.findIndex((name) => name === day.trim());
  return index < 0 ? undefined : index;
}
