import fc from 'fast-check';
import { type Fix } from './fix';
import { fold } from './fold';
import { comparePosition } from './position';
import { type ActiveRule, bindRule } from './rules';
import { decodeState, EMPTY_STATE, encodeState } from './state';
import { MemoryDevice } from './memory-device.testing';

const T0 = 1_750_000_000_000;
/** Metres north of a point at 54.7° N, 25.3° E, in wire units. */
const latitudeAt = (metres: number): number => 547_000_000 + Math.round((metres / 111_195) * 1e7);

function fixAt(
  second: number,
  metresNorth: number,
  speedKmh: number | null = 50,
  digest = BigInt(second),
): Fix {
  return {
    timeMs: T0 + second * 1000,
    digest,
    longitude: 253_000_000,
    latitude: latitudeAt(metresNorth),
    altitudeM: 100,
    angleDeg: 0,
    speedKmh,
    ignition: true,
    movement: null,
  };
}

const ruleOf = (reference: string, kind: string, settings: object, validFromMs = 0): ActiveRule => ({
  reference,
  version: 1,
  name: reference,
  validFromMs,
  bound: bindRule(kind, settings),
});
const speedRule = (settings: object = {}) => ruleOf('rule:1', 'overspeed', { limit_kmh: 80, ...settings });
const fence = (settings: object = {}, validFromMs = 0) =>
  ruleOf(
    'geofence:1',
    'geofence',
    { longitude: 25.3, latitude: 54.7, radius_m: 200, hysteresis_m: 50, dwell_s: 0, ...settings },
    validFromMs,
  );

const outline = (fixes: readonly Fix[], rules: readonly ActiveRule[]) =>
  fold(EMPTY_STATE, fixes, rules).events.map(({ kind, occurredAtMs, confirmed, details }) => ({
    kind,
    at: (occurredAtMs - T0) / 1000,
    by: (confirmed.timeMs - T0) / 1000,
    details,
  }));

describe('overspeed', () => {
  it('dates an episode from its first fix above limit and tolerance and ends it at the limit', () => {
    const speeds = [80, 90, 95, 101, 84, 120, 81, 80, 100];
    const fixes = speeds.map((speed, index) => fixAt(index * 10, index, speed));
    expect(outline(fixes, [speedRule({ tolerance_kmh: 5, min_duration_s: 15 })])).toEqual([
      { kind: 'overspeed.started', at: 10, by: 30, details: { limit_kmh: 80 } },
      { kind: 'overspeed.ended', at: 70, by: 70, details: { limit_kmh: 80, peak_kmh: 120, duration_s: 60 } },
    ]);
  });

  it('drops a candidate that does not last', () => {
    const fixes = [90, 82, 90, 70].map((speed, index) => fixAt(index * 10, index, speed));
    expect(outline(fixes, [speedRule({ tolerance_kmh: 5, min_duration_s: 15 })])).toEqual([]);
  });

  it('takes an unknown speed for neither fast nor slow, in every phase', () => {
    const speeds = [null, 90, null, 95, null, 100, null, 80, null];
    const fixes = speeds.map((speed, index) => fixAt(index * 10, index, speed));
    expect(outline(fixes, [speedRule({ min_duration_s: 15 })])).toEqual([
      { kind: 'overspeed.started', at: 10, by: 30, details: { limit_kmh: 80 } },
      { kind: 'overspeed.ended', at: 70, by: 70, details: { limit_kmh: 80, peak_kmh: 100, duration_s: 60 } },
    ]);
  });

  it('finds every episode of many', () => {
    const fixes = [90, 70, 90, 70, 90].map((speed, index) => fixAt(index * 10, index, speed));
    expect(outline(fixes, [speedRule()]).map(({ kind, at }) => [kind, at])).toEqual([
      ['overspeed.started', 0],
      ['overspeed.ended', 10],
      ['overspeed.started', 20],
      ['overspeed.ended', 30],
      ['overspeed.started', 40],
    ]);
  });

  it('raises an event once for a millisecond in which records disagree', () => {
    const fixes = [90, 70, 91, 60].map((speed, index) => fixAt(0, 0, speed, BigInt(index)));
    expect(outline(fixes, [speedRule()]).map(({ kind }) => kind)).toEqual([
      'overspeed.started',
      'overspeed.ended',
    ]);
  });
});

describe('geofence', () => {
  it('takes the first side silently and jitter at the edge for one entry', () => {
    const fixes = [500, 210, 190, 230, 195, 245, 199, 240, 260].map((metres, index) =>
      fixAt(index * 60, metres),
    );
    expect(outline(fixes, [fence()]).map(({ kind, at }) => [kind, at])).toEqual([
      ['geofence.entered', 120],
      ['geofence.exited', 480],
    ]);
    expect(outline([fixAt(0, 0), fixAt(60, 10)], [fence()])).toEqual([]);
  });

  it('looks at fixes of unknown speed, whose events say none', () => {
    const fixes = [500, 100, 500].map((metres, index) => fixAt(index * 60, metres, null));
    const { events } = fold(EMPTY_STATE, fixes, [fence()]);
    expect(events.map(({ kind, speedKmh }) => [kind, speedKmh])).toEqual([
      ['geofence.entered', null],
      ['geofence.exited', null],
    ]);
  });

  it('waits for the dwell time and dates the event from its beginning', () => {
    const fixes = [500, 100, 300, 100, 90, 80].map((metres, index) => fixAt(index * 20, metres));
    expect(outline(fixes, [fence({ dwell_s: 30 })])).toEqual([
      { kind: 'geofence.entered', at: 60, by: 100, details: { radius_m: 200 } },
    ]);
  });

  it('judges nothing before its validity', () => {
    const fixes = [500, 100, 90, 500].map((metres, index) => fixAt(index * 60, metres));
    expect(outline(fixes, [fence({}, T0 + 60_000)]).map(({ kind }) => kind)).toEqual(['geofence.exited']);
  });
});

describe('the fix filter', () => {
  const acceptedOf = (fixes: readonly Fix[]) =>
    fixes.filter((fix, index) => {
      const { last } = fold(EMPTY_STATE, fixes.slice(0, index + 1), []).state.fixes;
      return last?.digest === fix.digest;
    });

  it('ignores a jump and heals a relocation at the third fix that agrees', () => {
    const jump = [fixAt(0, 0), fixAt(10, 90_000), fixAt(20, 100)];
    expect(acceptedOf(jump).map(({ digest }) => digest)).toEqual([0n, 20n]);
    const moved = [fixAt(0, 0), fixAt(10, 90_000), fixAt(20, 90_100), fixAt(30, 90_200), fixAt(40, 90_300)];
    expect(acceptedOf(moved).map(({ digest }) => digest)).toEqual([0n, 30n, 40n]);
    const scattered = [
      fixAt(0, 0),
      fixAt(10, 90_000),
      fixAt(20, 90_100),
      fixAt(30, 50_000),
      fixAt(40, 50_100),
    ];
    expect(acceptedOf(scattered).map(({ digest }) => digest)).toEqual([0n]);
  });

  it('lets a jump that is not accepted move no rule', () => {
    const fixes = [fixAt(0, 5000), fixAt(10, 0, 200), fixAt(20, 5100)];
    expect(outline(fixes, [fence(), speedRule()])).toEqual([]);
  });
});

/** Few places, speeds and seconds, so that ties, jumps, crossings and episodes all happen often. */
const anyFix = fc
  .record({
    second: fc.integer({ min: 0, max: 400 }),
    metres: fc.constantFrom(0, 190, 210, 260, 400, 3000, 80_000),
    speed: fc.constantFrom(null, 40, 80, 82, 90, 130),
    salt: fc.bigInt({ min: -4n, max: 4n }),
  })
  .map(({ second, metres, speed, salt }) =>
    // A quarter of the digests end in seven zero bits, so that checkpoints are frequent.
    fixAt(second, metres, speed, ((salt + BigInt(metres) * 16n + BigInt(speed ?? 7)) << 9n) + (salt & 3n)),
  );
const rules = [speedRule({ tolerance_kmh: 5, min_duration_s: 3 }), fence({ dwell_s: 4 }), speedRuleTwo()];
function speedRuleTwo(): ActiveRule {
  return ruleOf('rule:2', 'overspeed', { limit_kmh: 80 }, T0 + 100_000);
}
const distinct = fc.uniqueArray(anyFix, {
  selector: ({ timeMs, digest }) => `${timeMs}|${digest}`,
  minLength: 1,
  maxLength: 80,
});

describe('settling', () => {
  it('gives the fold over the sorted whole for any order and any batching of the records', async () => {
    await fc.assert(
      fc.asyncProperty(distinct, fc.infiniteStream(fc.nat()), async (fixes, numbers) => {
        const device = new MemoryDevice();
        const shuffled = fixes.map((fix) => ({ fix, at: next(numbers) })).sort((a, b) => a.at - b.at);
        for (let start = 0; start < shuffled.length;) {
          const end = start + 1 + (next(numbers) % 7);
          await device.write(
            shuffled.slice(start, end).map(({ fix }) => fix),
            rules,
          );
          start = end;
        }
        expectWhole(device, fixes, rules);
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same when rules come, change and go between the batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        distinct,
        fc.array(fc.subarray(rules), { minLength: 1, maxLength: 6 }),
        async (fixes, ruleSets) => {
          const device = new MemoryDevice();
          const size = Math.max(1, Math.ceil(fixes.length / (ruleSets.length + 1)));
          const known = [...ruleSets, rules];
          for (let batch = 0; batch * size < fixes.length; batch += 1) {
            const part = fixes.slice(batch * size, (batch + 1) * size);
            await device.write(part, known[Math.min(batch, known.length - 1)] ?? rules);
          }
          // The last word is that of all rules, with a record that cannot be late.
          const last = fixAt(1000, 0);
          await device.write([last], rules);
          expectWhole(device, [...fixes, last], rules);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('stops where the states agree again, and says which events the stretch holds', async () => {
    const device = new MemoryDevice();
    const fixes = Array.from({ length: 60 }, (_, index) =>
      fixAt(index * 10, 500 + index, 50, BigInt(index * 32)),
    );
    await device.write(fixes, rules);
    device.reads = 0;
    await device.write([fixAt(45, 505, 50, 7n)], rules);
    // Checkpoints lie at the seconds 0, 40, 80, …: read are the late record and those from 50 to 80.
    expect(device.reads).toBe(5);
    expectWhole(device, [...fixes, fixAt(45, 505, 50, 7n)], rules);
  });

  it('settles all again when the state is of another version', async () => {
    const device = new MemoryDevice();
    await device.write([fixAt(0, 500), fixAt(10, 100)], rules);
    device.forgetState();
    await device.write([fixAt(20, 90)], rules);
    expectWhole(device, [fixAt(0, 500), fixAt(10, 100), fixAt(20, 90)], rules);
  });
});

it('reads a state back as it was written, under sorted keys', () => {
  const { state } = fold(EMPTY_STATE, [fixAt(0, 0, 90), fixAt(10, 90_000), fixAt(20, 0, null)], rules);
  const text = encodeState(state);
  const read = decodeState(text);
  expect(read && encodeState(read)).toBe(text);
  expect(decodeState(text.replace('"v":1', '"v":0'))).toBeUndefined();
});

/** What befalls a device: records in any order, rules that come and go, flags, slices, restarts that change nothing. */
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write' as const), size: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('settle on' as const), size: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('flag' as const), size: fc.integer({ min: 0, max: 400 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('unflag' as const), size: fc.integer({ min: 0, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rehydrate' as const), size: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('other version' as const), size: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rules' as const), size: fc.integer({ min: 0, max: 7 }) }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

describe('settling in slices', () => {
  const ruleSet = (bits: number) => rules.filter((_, index) => (bits & (1 << index)) !== 0);

  /** Steps as given, then whatever is left: the rest of the records, and all slices. */
  async function live(fixes: readonly Fix[], steps: readonly Step[], budgetFixes: number) {
    const device = new MemoryDevice();
    const waiting = [...fixes];
    let active: readonly ActiveRule[] = rules;
    for (const { kind, size } of steps) {
      if (kind === 'write') await device.write(waiting.splice(0, size), active, budgetFixes);
      if (kind === 'settle on') await device.settleOn(active, size);
      if (kind === 'flag') device.flag(T0 + size * 1000, T0 + (size + 60) * 1000, true);
      if (kind === 'unflag') device.flag(T0 + size * 1000, T0 + (size + 60) * 1000, false);
      if (kind === 'rehydrate') device.rehydrate();
      if (kind === 'other version') device.forgetState();
      if (kind === 'rules') active = ruleSet(size);
    }
    await device.write([...waiting, fixAt(1000, 0)], rules, budgetFixes);
    for (let slices = 0; device.isResettling; slices += 1) {
      expect(slices).toBeLessThan(500);
      await device.settleOn(rules, 3);
    }
    return device;
  }

  it('comes to the same in the end, whatever happens between the slices', async () => {
    await fc.assert(
      fc.asyncProperty(
        distinct,
        fc.array(anyStep, { maxLength: 40 }),
        fc.integer({ min: 0, max: 12 }),
        async (fixes, steps, budgetFixes) => {
          const device = await live(fixes, steps, budgetFixes);
          expectWhole(device, device.shownFixes(), rules);
        },
      ),
      {
        numRuns: 1000,
        // Found once in thousands: a record that came late while nobody could read how far the state had come, and a
        // rule that was away while a record that it had judged was hidden.
        examples: [
          [
            [
              fixAt(1, 500, 40, 20_480n),
              { ...fixAt(100, 0, 40, 3_297_280n), latitude: 547035973 },
              fixAt(0, 500, 40, 20_480n),
              fixAt(0, 500, 40, 19_971n),
              fixAt(0, 500, 90, 46_080n),
              fixAt(101, 500, 40, 20_480n),
              fixAt(100, 500, 130, 66_560n),
            ],
            [
              { kind: 'write', size: 4 },
              { kind: 'write', size: 2 },
              { kind: 'other version', size: 0 },
              { kind: 'flag', size: 101 },
            ],
            4,
          ],
          [
            [fixAt(100, 500, 130, 66_560n)],
            [
              { kind: 'write', size: 1 },
              { kind: 'rules', size: 0 },
              { kind: 'flag', size: 40 },
              { kind: 'settle on', size: 1 },
            ],
            0,
          ],
        ],
      },
    );
  }, 60_000);
});

function next(numbers: Iterator<number, unknown>): number {
  const result = numbers.next();
  return result.done === true ? 0 : result.value;
}

function expectWhole(device: MemoryDevice, fixes: readonly Fix[], active: readonly ActiveRule[]): void {
  const whole = fold(EMPTY_STATE, [...fixes].sort(comparePosition), active);
  expect(device.stateText()).toBe(encodeState(whole.state));
  const keys = whole.events.map((event) => JSON.stringify(MemoryDevice.contentOf(event)));
  expect(device.standingEvents().sort()).toEqual(keys.sort());
}
