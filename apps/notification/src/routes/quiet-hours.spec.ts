import fc from 'fast-check';
import { clockMsOf, isZone, type QuietHours, quietUntilMs } from './quiet-hours';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const EVERY_DAY = 127;

const quiet = (from: string, to: string, timezone: string, weekdays = EVERY_DAY): QuietHours => ({
  startsAtMs: clockMsOf(from),
  endsAtMs: clockMsOf(to),
  timezone,
  weekdays,
});
const untilIso = (hours: QuietHours, now: string): string | undefined => {
  const untilMs = quietUntilMs(hours, Date.parse(now));
  return untilMs === undefined ? undefined : new Date(untilMs).toISOString();
};

describe('check 23: quiet hours across the changes of clocks', () => {
  const night = quiet('22:00', '07:00', 'Europe/Berlin');

  it('last from an evening to a morning, their end not among them', () => {
    expect(untilIso(night, '2026-01-10T20:59:59.999Z')).toBeUndefined();
    expect(untilIso(night, '2026-01-10T21:00:00.000Z')).toBe('2026-01-11T06:00:00.000Z');
    expect(untilIso(night, '2026-01-11T05:59:59.999Z')).toBe('2026-01-11T06:00:00.000Z');
    expect(untilIso(night, '2026-01-11T06:00:00.000Z')).toBeUndefined();
  });

  it('are an hour shorter or longer in the night of a change', () => {
    expect(untilIso(night, '2026-03-28T21:00:00Z')).toBe('2026-03-29T05:00:00.000Z');
    expect(untilIso(night, '2026-10-24T20:00:00Z')).toBe('2026-10-25T06:00:00.000Z');
  });

  it('end at the next valid instant where clocks jump over their end', () => {
    const untilGap = quiet('22:00', '02:30', 'Europe/Berlin');
    expect(untilIso(untilGap, '2026-03-29T00:59:59Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(untilIso(untilGap, '2026-03-29T01:00:00Z')).toBeUndefined();
  });

  it('begin at the next valid instant where clocks jump over their start', () => {
    const fromGap = quiet('02:30', '05:00', 'Europe/Berlin');
    expect(untilIso(fromGap, '2026-03-29T00:59:59Z')).toBeUndefined();
    expect(untilIso(fromGap, '2026-03-29T01:00:00Z')).toBe('2026-03-29T03:00:00.000Z');
  });

  it('are over before they begin where clocks jump over all of them', () => {
    const inGap = quiet('02:10', '02:50', 'Europe/Berlin');
    expect(untilIso(inGap, '2026-03-29T00:59:59Z')).toBeUndefined();
    expect(untilIso(inGap, '2026-03-29T01:00:00Z')).toBeUndefined();
  });

  it('end at the later of two instants with their time, and begin at the earlier', () => {
    expect(untilIso(quiet('22:00', '02:30', 'Europe/Berlin'), '2026-10-25T00:40:00Z')).toBe(
      '2026-10-25T01:30:00.000Z',
    );
    const fromFold = quiet('02:30', '05:00', 'Europe/Berlin');
    expect(untilIso(fromFold, '2026-10-25T00:29:59Z')).toBeUndefined();
    expect(untilIso(fromFold, '2026-10-25T00:30:00Z')).toBe('2026-10-25T04:00:00.000Z');
    expect(untilIso(fromFold, '2026-10-25T01:10:00Z')).toBe('2026-10-25T04:00:00.000Z');
  });

  it('know changes of half an hour', () => {
    const night = quiet('22:00', '01:45', 'Australia/Lord_Howe');
    expect(untilIso(night, '2026-04-04T14:40:00Z')).toBe('2026-04-04T15:15:00.000Z');
    expect(untilIso(quiet('22:00', '02:15', 'Australia/Lord_Howe'), '2026-10-03T15:00:00Z')).toBe(
      '2026-10-03T15:30:00.000Z',
    );
  });

  it('know a day that a zone has left out', () => {
    const apia = quiet('22:00', '07:00', 'Pacific/Apia');
    expect(untilIso(apia, '2011-12-30T09:00:00Z')).toBe('2011-12-30T17:00:00.000Z');
  });

  it('begin on their weekdays alone, whenever they end', () => {
    const FRIDAY = 1 << 4;
    const weekend = quiet('22:00', '07:00', 'Asia/Kolkata', FRIDAY);
    expect(untilIso(weekend, '2026-01-09T16:30:00Z')).toBe('2026-01-10T01:30:00.000Z');
    expect(untilIso(weekend, '2026-01-10T01:29:00Z')).toBe('2026-01-10T01:30:00.000Z');
    expect(untilIso(weekend, '2026-01-10T16:30:00Z')).toBeUndefined();
  });

  it('run on where one period begins when another ends', () => {
    const allButAMinute = quiet('02:31', '02:30', 'Europe/Berlin');
    expect(untilIso(allButAMinute, '2026-03-28T12:00:00Z')).toBe('2026-03-30T00:30:00.000Z');
  });
});

describe('quietUntilMs', () => {
  /** Zones, and instants near which their clocks change. */
  const CHANGES: readonly (readonly [timezone: string, near: string])[] = [
    ['Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z'],
    ['America/New_York', '2026-03-08T07:00:00Z'],
    ['America/New_York', '2026-11-01T06:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['Africa/Casablanca', '2026-02-15T02:00:00Z'],
    ['Africa/Casablanca', '2026-03-22T02:00:00Z'],
    ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['America/Sao_Paulo', '2019-02-17T02:00:00Z'],
    ['Asia/Kolkata', '2026-06-01T00:00:00Z'],
  ];
  const SCANNED_MS = 4 * DAY_MS;

  /** What clocks show in every minute around a change, as if the zone were UTC: from text, not from parts. */
  function clockOf(timezone: string, fromMs: number): Float64Array {
    const formatter = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    return Float64Array.from({ length: (2 * SCANNED_MS) / MINUTE_MS }, (_, minute) =>
      Date.parse(`${formatter.format(fromMs + minute * MINUTE_MS).replace(' ', 'T')}Z`),
    );
  }

  const scans = CHANGES.map(([timezone, near]) => {
    const fromMs = Date.parse(near) - SCANNED_MS;
    return { timezone, fromMs, clock: clockOf(timezone, fromMs) };
  });

  /**
   * Minutes in which it is quiet, from nothing but what clocks show: a period lasts from the first minute in which they
   * show its start or a later time until the last one in which they show an earlier time than its end.
   */
  function quietMinutes(hours: QuietHours, clock: Float64Array): Uint8Array {
    const minutes = new Uint8Array(clock.length);
    const [first = 0, last = 0] = [clock[0], clock.at(-1)];
    const days = hours.endsAtMs <= hours.startsAtMs ? 1 : 0;
    for (let dayMs = Math.floor(first / DAY_MS) * DAY_MS - 2 * DAY_MS; dayMs <= last; dayMs += DAY_MS) {
      const weekday = (new Date(dayMs).getUTCDay() + 6) % 7;
      if ((hours.weekdays & (1 << weekday)) === 0) continue;
      const start = clock.findIndex((shown) => shown >= dayMs + hours.startsAtMs);
      const end = clock.findLastIndex((shown) => shown < dayMs + days * DAY_MS + hours.endsAtMs);
      if (start !== -1) minutes.fill(1, start, Math.max(start, end + 1));
    }
    return minutes;
  }

  const cases = fc.record({
    scan: fc.constantFrom(...scans),
    starts: fc.integer({ min: 0, max: 1439 }),
    ends: fc.integer({ min: 0, max: 1439 }),
    weekdays: fc.integer({ min: 1, max: EVERY_DAY }),
    /** A day and a half on both sides of the change. */
    minute: fc.integer({ min: -2160, max: 2160 }),
  });

  it('is the least instant after now that is not quiet, as clocks show it', () => {
    fc.assert(
      fc.property(cases, ({ scan, starts, ends, weekdays, minute }) => {
        fc.pre(starts !== ends);
        const hours: QuietHours = {
          startsAtMs: starts * MINUTE_MS,
          endsAtMs: ends * MINUTE_MS,
          ...{ weekdays, timezone: scan.timezone },
        };
        const now = SCANNED_MS / MINUTE_MS + minute;
        const isQuiet = quietMinutes(hours, scan.clock);
        const until = isQuiet.indexOf(0, now);
        const untilMs = quietUntilMs(hours, scan.fromMs + now * MINUTE_MS);
        expect(untilMs).toBe(until === now ? undefined : scan.fromMs + until * MINUTE_MS);
        if (untilMs !== undefined) expect(quietUntilMs(hours, untilMs)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is to the millisecond', () => {
    const hours = quiet('22:00', '07:00', 'Asia/Kolkata');
    const endMs = Date.parse('2026-01-10T01:30:00Z');
    expect(quietUntilMs(hours, endMs - 1)).toBe(endMs);
    expect(quietUntilMs(hours, endMs)).toBeUndefined();
  });
});

describe('times and zones', () => {
  it('are read as PostgreSQL prints them', () => {
    expect([clockMsOf('00:00:00'), clockMsOf('22:30:15.5'), clockMsOf('24:00:00')]).toEqual([
      0, 81_015_500, 86_400_000,
    ]);
    expect(() => clockMsOf('10 pm')).toThrow('not a time of day');
  });

  it('are known by their IANA names', () => {
    expect([isZone('Europe/Berlin'), isZone('Europe/Bielefeld')]).toEqual([true, false]);
  });
});
