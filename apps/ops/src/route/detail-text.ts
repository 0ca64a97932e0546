const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A decision's detail in one line: `until=2026-01-31T06:00:00.000Z quiet_hours(starts_at=22:00 …)`. Names in ms are times. */
export function detailText(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => memberText(name, value))
    .join(' ');
}

function memberText(name: string, value: unknown): string {
  if (isRecord(value)) return `${name}(${detailText(value)})`;
  if (typeof value === 'number' && name.endsWith('_ms') && value > YEAR_2000_MS) {
    return `${name.slice(0, -'_ms'.length)}=${new Date(value).toISOString()}`;
  }
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

/** Below, it is a length of time and no moment. */
const YEAR_2000_MS = 946_684_800_000;
