import * as fc from 'fast-check';
import { expectedEvents, type Fix } from '../../apps/ops/src/fleet';
import {
  bindRule,
  comparePosition,
  EMPTY_STATE,
  fold,
  type ActiveRule,
} from '../../apps/processor/src/domain';

/** Two implementations of the same rules, written apart: where they part, one of them is wrong. */

const START_MS = Date.UTC(2026, 0, 1);
const CENTRE = { longitude: 25, latitude: 54.7 };

interface Settings {
  readonly minDurationS: number;
  readonly toleranceKmh: number;
  readonly dwellS: number;
  readonly hysteresisM: number;
  readonly validFromS: number;
}

const settings = fc.record<Settings>({
  minDurationS: fc.constantFrom(0, 10, 30),
  toleranceKmh: fc.constantFrom(0, 5),
  dwellS: fc.constantFrom(0, 15, 40),
  hysteresisM: fc.constantFrom(0, 60),
  validFromS: fc.constantFrom(0, 0, 100),
});

/** A walk in small steps around the fence's edge and the limit, with a far jump now and then. */
const step = fc.record({
  seconds: fc.constantFrom(1, 5, 10, 20),
  speedKmh: fc.constantFrom(0, 88, 90, 91, 95, 96, 120),
  northM: fc.constantFrom(0, 400, 499, 501, 540, 561, 580, 900),
  farM: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(5000, 9000) },
  ),
});
const walk = fc.array(step, { minLength: 1, maxLength: 40 });
const ranks = fc.array(fc.nat(), { minLength: 40, maxLength: 40 });

function fixesOf(
  steps: readonly { seconds: number; speedKmh: number; northM: number; farM: number }[],
): Fix[] {
  let timeMs = START_MS;
  return steps.map(({ seconds, speedKmh, northM, farM }, index) => {
    timeMs += seconds * 1000;
    return {
      ...{
        imei: '350000000000001',
        timeMs,
        digest: BigInt(index - 5),
        satellites: 8,
        speedKmh,
        isAhead: false,
      },
      longitude: CENTRE.longitude * 1e7,
      latitude: Math.round((CENTRE.latitude + (northM + farM) / 111_195.08) * 1e7),
    };
  });
}

function byOracle(fixes: readonly Fix[], wanted: Settings): string[] {
  const validFromMs = START_MS + wanted.validFromS * 1000;
  const rule = { reference: 'rule:1', limitKmh: 90, validFromMs };
  const fence = { reference: 'geofence:1', ...CENTRE, radiusM: 500, validFromMs };
  const events = expectedEvents(fixes, {
    speedRules: [{ ...rule, toleranceKmh: wanted.toleranceKmh, minDurationS: wanted.minDurationS }],
    fences: [{ ...fence, hysteresisM: wanted.hysteresisM, dwellS: wanted.dwellS }],
  });
  return events.map(({ kind, reference, at, confirmedBy, details }) =>
    line(kind, reference, at.timeMs, at, confirmedBy, details),
  );
}

function byFold(fixes: readonly Fix[], wanted: Settings): string[] {
  const active = (kind: string, reference: string, own: object): ActiveRule => ({
    ...{ reference, version: 1, name: reference, validFromMs: START_MS + wanted.validFromS * 1000 },
    bound: bindRule(kind, own),
  });
  const rules = [
    active('overspeed', 'rule:1', {
      ...{ limit_kmh: 90, tolerance_kmh: wanted.toleranceKmh, min_duration_s: wanted.minDurationS },
    }),
    active('geofence', 'geofence:1', {
      ...{ ...CENTRE, radius_m: 500, hysteresis_m: wanted.hysteresisM, dwell_s: wanted.dwellS },
    }),
  ];
  const taken = [...fixes]
    .sort(comparePosition)
    .map((fix) => ({ ...fix, altitudeM: 0, angleDeg: 0, ignition: null, movement: null }));
  return fold(EMPTY_STATE, taken, rules).events.map(
    ({ rule, kind, occurredAtMs, confirmed, details, ...at }) =>
      line(kind, rule.reference, occurredAtMs, at, confirmed, details),
  );
}

function line(
  kind: string,
  reference: string,
  occurredAtMs: number,
  at: { longitude: number; latitude: number; speedKmh: number | null },
  confirmed: { timeMs: number; digest: bigint },
  details: object,
): string {
  const where = `${at.longitude}/${at.latitude} ${at.speedKmh} km/h`;
  return `${reference} ${kind} ${occurredAtMs} ${where} by ${confirmed.timeMs} ${confirmed.digest} ${JSON.stringify(details)}`;
}

it('finds the same events as the processor, however the records arrive', () => {
  let found = 0;
  fc.assert(
    fc.property(walk, settings, ranks, (steps, wanted, rank) => {
      const fixes = fixesOf(steps);
      const arrived = fixes
        .map((fix, index) => ({ fix, rank: rank[index] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ fix }) => fix);
      const events = byOracle(arrived, wanted).sort();
      found += events.length;
      expect(events).toEqual(byFold(fixes, wanted).sort());
    }),
    { numRuns: 2000 },
  );
  // A comparison of nothing with nothing would prove nothing.
  expect(found).toBeGreaterThan(1000);
});
