/** When a user is not to be disturbed, by the clocks of a zone. An end at or before the start is that of the next day. */
export interface QuietHours {
  /** Since midnight on the clock, 0 to 24 h. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** IANA name. */
  readonly timezone: string;
  /** Days on which it starts: bit 0 is Monday. */
  readonly weekdays: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** No zone was ever farther from UTC. */
const FARTHEST_OFFSET_MS = 16 * HOUR_MS;
/** Periods that touch: one a day at most, and a day on which two do not touch comes within a few. */
const MOST_TOUCHING_PERIODS = 16;

/**
 * When the quiet that holds at an instant ends: the least instant after it that lies in no period; undefined where it is
 * not quiet. The result is a multiple of a millisecond since 1970, like the instant.
 *
 * Where clocks jump ahead over a boundary it is the first instant behind the jump. Where they run through it twice, an
 * end is the later one and a start the earlier one: as long as clocks can show a time of the period, it is quiet.
 *
 * @throws RangeError for a zone that {@link isZone} does not know.
 */
export function quietUntilMs(quiet: QuietHours, nowMs: number): number | undefined {
  let untilMs = nowMs;
  for (let touching = 0; touching < MOST_TOUCHING_PERIODS; touching += 1) {
    const endMs = endOfPeriodAt(quiet, untilMs);
    if (endMs === undefined) break;
    untilMs = endMs;
  }
  return untilMs === nowMs ? undefined : untilMs;
}

/** The latest end of the periods that hold at an instant. */
function endOfPeriodAt(quiet: QuietHours, atMs: number): number | undefined {
  const { startsAtMs, endsAtMs, timezone, weekdays } = quiet;
  const today = Math.floor((atMs + offsetMs(timezone, atMs)) / DAY_MS);
  const days = endsAtMs <= startsAtMs ? 1 : 0;
  let latestMs: number | undefined;
  // Two days back, since a zone that crosses the date line leaves out the day between.
  for (let day = today - 2; day <= today + 1; day += 1) {
    if ((weekdays & (1 << weekdayOf(day))) === 0) continue;
    const fromMs = instantOf(timezone, day * DAY_MS + startsAtMs, 'earlier');
    if (fromMs > atMs) continue;
    const toMs = instantOf(timezone, (day + days) * DAY_MS + endsAtMs, 'later');
    if (toMs > atMs && (latestMs === undefined || toMs > latestMs)) latestMs = toMs;
  }
  return latestMs;
}

/** 0 is Monday; day 0, the first of 1970, was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

/**
 * The instant at which the clocks of a zone show a time, given as if the zone were UTC. In a gap of theirs it is the first
 * instant behind it.
 */
function instantOf(timezone: string, clockMs: number, ofTwo: 'earlier' | 'later'): number {
  const before = clockMs - FARTHEST_OFFSET_MS;
  const after = clockMs + FARTHEST_OFFSET_MS;
  const offsetBefore = offsetMs(timezone, before);
  const offsetAfter = offsetMs(timezone, after);
  if (offsetBefore === offsetAfter) return clockMs - offsetBefore;
  const changeMs = changeBetween(timezone, before, after);
  const ifBefore = clockMs - offsetBefore;
  const ifAfter = clockMs - offsetAfter;
  const isBefore = ifBefore < changeMs;
  const isAfter = ifAfter >= changeMs;
  if (isBefore && isAfter) return ofTwo === 'earlier' ? ifBefore : ifAfter;
  if (isBefore) return ifBefore;
  return isAfter ? ifAfter : changeMs;
}

/** The first instant with another offset than before; offsets change at whole seconds. */
function changeBetween(timezone: string, beforeMs: number, afterMs: number): number {
  const offsetBefore = offsetMs(timezone, beforeMs);
  let low = Math.floor(beforeMs / SECOND_MS);
  let high = Math.ceil(afterMs / SECOND_MS);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(timezone, middle * SECOND_MS) === offsetBefore) low = middle;
    else high = middle;
  }
  return high * SECOND_MS;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timezone: string): Intl.DateTimeFormat {
  const known = formatters.get(timezone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(timezone, made);
  return made;
}

/** How far the clocks of a zone are ahead of UTC. */
function offsetMs(timezone: string, atMs: number): number {
  const second = Math.floor(atMs / SECOND_MS) * SECOND_MS;
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatterOf(timezone).formatToParts(second)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
}

/** Whether this is a zone that we know the clocks of. */
export function isZone(timezone: string): boolean {
  try {
    formatterOf(timezone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * A clock's time as PostgreSQL prints it, `22:30:00`, in milliseconds since midnight; of fractions of one nothing is kept.
 *
 * @throws RangeError for anything else.
 */
export function clockMsOf(time: string): number {
  const match = /^(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?$/.exec(time);
  if (match === null) throw new RangeError(`not a time of day: ${JSON.stringify(time)}`);
  const [, hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  return (
    Number(hours) * HOUR_MS +
    Number(minutes) * MINUTE_MS +
    Number(seconds) * SECOND_MS +
    Math.floor(Number(fraction) * SECOND_MS)
  );
}
