import { expectedEvents, type Fix, type JudgedFence, type JudgedSpeedRule } from './oracle';

const START_MS = Date.UTC(2026, 0, 5, 8);
const LIMIT: JudgedSpeedRule = {
  ...{ reference: 'rule:1', limitKmh: 90, toleranceKmh: 5, minDurationS: 20, validFromMs: 0 },
};
const FENCE: JudgedFence = {
  ...{ reference: 'geofence:1', longitude: 25, latitude: 54.7, radiusM: 500 },
  ...{ hysteresisM: 50, dwellS: 20, validFromMs: 0 },
};

/** One metre of latitude on the oracle's globe, in wire units. */
const WIRE_PER_METRE = 1e7 / ((6_371_008.8 * Math.PI) / 180);

/** A fix so many seconds into the case, so many metres north of the fence's centre. */
function fix(second: number, metres: number, rest: Partial<Fix> = {}): Fix {
  return {
    imei: '350000000000001',
    timeMs: START_MS + second * 1000,
    digest: BigInt(second),
    longitude: 25e7,
    latitude: Math.round(54.7e7 + metres * WIRE_PER_METRE),
    satellites: 9,
    speedKmh: 0,
    isAhead: false,
    ...rest,
  };
}

const speeds = (...pairs: [second: number, kmh: number][]): Fix[] =>
  pairs.map(([second, speedKmh]) => fix(second, 0, { speedKmh }));
const places = (...pairs: [second: number, metres: number][]): Fix[] =>
  pairs.map(([second, metres]) => fix(second, metres));

const seconds = (timeMs: number): number => (timeMs - START_MS) / 1000;
const speeding = (fixes: Fix[], rule = LIMIT): unknown[] =>
  expectedEvents(fixes, { speedRules: [rule], fences: [] }).map(told);
const crossing = (fixes: Fix[], fence = FENCE): unknown[] =>
  expectedEvents(fixes, { speedRules: [], fences: [fence] }).map(told);
const told = ({ kind, at, confirmedBy, details }: ReturnType<typeof expectedEvents>[number]): unknown[] => [
  ...[kind, seconds(at.timeMs), seconds(confirmedBy.timeMs), details],
];

describe('overspeed', () => {
  it('starts with the first fix over it, once it has lasted, and ends at the limit', () => {
    expect(speeding(speeds([0, 80], [10, 96], [20, 120], [30, 110], [40, 93], [50, 90]))).toEqual([
      ['overspeed.started', 10, 30, { limit_kmh: 90 }],
      ['overspeed.ended', 50, 50, { limit_kmh: 90, peak_kmh: 120, duration_s: 40 }],
    ]);
  });

  it('does not count within the tolerance, and begins anew after a dip', () => {
    expect(speeding(speeds([0, 95], [30, 95], [60, 95]))).toEqual([]);
    expect(speeding(speeds([0, 99], [15, 95], [16, 99], [35, 99]))).toEqual([]);
    expect(speeding(speeds([0, 99], [15, 95], [16, 99], [36, 99]))).toHaveLength(1);
  });

  it('goes on through the tolerance and starts again after its end', () => {
    const drive = speeds(
      [0, 100],
      [20, 100],
      [30, 94],
      [40, 101],
      [70, 101],
      [80, 90],
      [90, 100],
      [110, 100],
    );
    expect(speeding(drive)).toEqual([
      ['overspeed.started', 0, 20, { limit_kmh: 90 }],
      ['overspeed.ended', 80, 80, { limit_kmh: 90, peak_kmh: 101, duration_s: 80 }],
      ['overspeed.started', 90, 110, { limit_kmh: 90 }],
    ]);
  });

  it('needs no second fix where no duration is asked for', () => {
    expect(speeding(speeds([0, 100]), { ...LIMIT, minDurationS: 0 })).toEqual([
      ['overspeed.started', 0, 0, { limit_kmh: 90 }],
    ]);
  });

  it('judges its own device from its first day on', () => {
    const drive = speeds([0, 100], [20, 100], [40, 100]);
    expect(speeding(drive, { ...LIMIT, imei: '350000000000002' })).toEqual([]);
    expect(speeding(drive, { ...LIMIT, validFromMs: START_MS + 20_000 })).toEqual([
      ['overspeed.started', 20, 40, { limit_kmh: 90 }],
    ]);
  });
});

describe('geofence', () => {
  it('enters and leaves after the dwell, at the first fix of the stay', () => {
    const way = places([0, 900], [10, 480], [20, 300], [30, 100], [40, 560], [50, 700], [60, 800]);
    expect(crossing(way)).toEqual([
      ['geofence.entered', 10, 30, { radius_m: 500 }],
      ['geofence.exited', 40, 60, { radius_m: 500 }],
    ]);
  });

  it('says nothing at the first fix, and takes the ring for outside there', () => {
    expect(crossing(places([0, 0], [60, 100]))).toEqual([]);
    expect(crossing(places([0, 520], [60, 400], [80, 400]))).toEqual([
      ['geofence.entered', 60, 80, { radius_m: 500 }],
    ]);
  });

  it('is not moved by jitter on the edge, and the ring interrupts a stay', () => {
    expect(crossing(places([0, 0], [10, 520], [30, 540], [50, 510], [70, 490], [90, 549]))).toEqual([]);
    expect(crossing(places([0, 0], [10, 600], [20, 530], [30, 600], [40, 600]))).toEqual([]);
  });

  it('lets the edge of the circle be inside and the edge of the ring be in the ring', () => {
    const exact = { ...FENCE, dwellS: 0, radiusM: 499, hysteresisM: 2 };
    expect(crossing(places([0, 900], [10, 500.5], [20, 498.9]), exact)).toEqual([
      ['geofence.entered', 20, 20, { radius_m: 499 }],
    ]);
  });
});

describe('fixes that do not count', () => {
  const inside = places([0, 0], [10, 0]);
  it.each([
    ['without satellites', { satellites: 0 }],
    ['at 0/0', { longitude: 0, latitude: 0 }],
    ['ahead of their arrival', { isAhead: true }],
    ['off the globe', { latitude: 91e7 }],
  ])('%s', (_name, rest) => {
    const away = [20, 40, 60].map((second) => fix(second, 800, rest));
    expect(crossing([...inside, ...away])).toEqual([]);
    expect(crossing([...inside, ...places([20, 800], [40, 800])])).toHaveLength(1);
  });

  it('jumps, until three in a row agree', () => {
    const jump = places([20, 9000], [30, 9000]);
    expect(crossing([...inside, ...jump, ...places([40, 0], [60, 0])])).toEqual([]);
    expect(crossing([...inside, ...jump, ...places([40, 9000], [60, 9000])])).toEqual([
      ['geofence.exited', 40, 60, { radius_m: 500 }],
    ]);
    // Each of these is too far from the one before it to agree with it.
    const wild = places([20, 9000], [30, 18_000], [40, 27_000], [50, 36_000]);
    expect(crossing([...inside, ...wild])).toEqual([]);
  });

  it('two places at one instant are a jump', () => {
    const twin = [fix(10, 2000, { digest: 99n })];
    expect(crossing([...inside, ...twin, ...places([20, 0])], { ...FENCE, dwellS: 0 })).toEqual([]);
  });
});

it('does not depend on the order in which records come', () => {
  const way = places([0, 900], [10, 480], [20, 300], [30, 100], [40, 560], [50, 700], [60, 800]);
  expect(crossing([...way].reverse())).toEqual(crossing(way));
  const signed = [fix(10, 600, { digest: -5n }), fix(10, 0, { digest: 5n })];
  expect(crossing(signed, { ...FENCE, dwellS: 0 })).toEqual([
    ['geofence.entered', 10, 10, { radius_m: 500 }],
  ]);
});
