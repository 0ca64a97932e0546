import fc from 'fast-check';
import { type PreferenceRow, wishesOf } from './preferences';

const owner = { recipient: 'anna', notificationType: 'vehicle.offline', channel: 'push' } as const;
const row = (userId: string, notificationType: string, channel: 'push' | 'email' | '*'): PreferenceRow => ({
  ...{ userId, notificationType, channel },
  ...{ enabled: null, digestWindowS: null, throttleLimit: null, throttleWindowS: null },
});
/** From the most specific to the least. */
const LEVELS = [
  row('anna', 'vehicle.offline', 'push'),
  row('anna', 'vehicle.offline', '*'),
  row('anna', '*', 'push'),
  row('anna', '*', '*'),
  row('*', 'vehicle.offline', 'push'),
  row('*', 'vehicle.offline', '*'),
  row('*', '*', 'push'),
  row('*', '*', '*'),
];
const OTHERS = [row('bert', '*', '*'), row('anna', 'vehicle.online', '*'), row('anna', '*', 'email')];
const nullable = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });

describe('wishesOf', () => {
  it('takes each wish from the most specific row that says anything about it', () => {
    const rows = fc
      .tuple(
        ...[...LEVELS, ...OTHERS].map((base) =>
          fc
            .record({
              enabled: nullable(fc.boolean()),
              digestWindowS: nullable(fc.constantFrom(0, 60, 3600)),
              throttle: nullable(fc.constantFrom({ limit: null, windowS: 0 }, { limit: 3, windowS: 600 })),
            })
            .map(({ enabled, digestWindowS, throttle }): PreferenceRow => ({
              ...base,
              ...{ enabled, digestWindowS },
              ...{ throttleLimit: throttle?.limit ?? null, throttleWindowS: throttle?.windowS ?? null },
            })),
        ),
      )
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all)));
    fc.assert(
      fc.property(rows, ([all, present]) => {
        const levels = all.slice(0, LEVELS.length).filter((level) => present.includes(level));
        const origin = (found: PreferenceRow | undefined) =>
          found && { userId: found.userId, notificationType: found.notificationType, channel: found.channel };
        const wishes = wishesOf(owner, present);
        const enabled = levels.find((level) => level.enabled !== null);
        expect(wishes.disabled?.origin).toEqual(enabled?.enabled === false ? origin(enabled) : undefined);
        const digest = levels.find((level) => level.digestWindowS !== null);
        expect(wishes.digest).toEqual(
          digest?.digestWindowS
            ? { windowMs: digest.digestWindowS * 1000, origin: origin(digest) }
            : undefined,
        );
        const throttle = levels.find((level) => level.throttleWindowS !== null);
        expect(wishes.throttle).toEqual(
          throttle?.throttleWindowS ? { limit: 3, windowMs: 600_000, origin: origin(throttle) } : undefined,
        );
      }),
    );
  });

  it('lets an own row undo what everybody gets', () => {
    const everybody = { ...row('*', '*', '*'), enabled: false, digestWindowS: 3600 };
    const own = { ...row('anna', '*', '*'), enabled: true, digestWindowS: 0 };
    expect(wishesOf(owner, [everybody, own])).toEqual({});
    expect(wishesOf(owner, [everybody])).toMatchObject({ digest: { windowMs: 3_600_000 } });
  });
});
