const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A length of time for people, in its two largest units: `2d 4h`, `3m 12s`, `450ms`. */
export function ageText(ms: number | null): string {
  if (ms === null) return '-';
  const first = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  if (first < 0) return `${Math.max(0, Math.round(ms))}ms`;
  let restMs = ms;
  const parts = UNITS.slice(first, first + 2).map(([unit, unitMs]) => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return count > 0 ? `${count}${unit}` : '';
  });
  return parts.filter((part) => part !== '').join(' ');
}
