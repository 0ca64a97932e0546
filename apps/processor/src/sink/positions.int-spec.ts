import fc from 'fast-check';
import { type Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { databaseOf, recordOf, run, T0 } from '../sink.testing';
import { type Arrival } from './position-columns';
import { isRepeat, storeNewPositions, storePositions } from './positions';
import { type TelemetryRecord } from './records';
import { rowsOf } from './rows-of';

const servers = testServers();
let admin: Database;
let database: Database;
beforeAll(() => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
});
afterAll(() => Promise.all([admin.stop(1000), database.stop(1000)]));
beforeEach(() => run(admin, 'TRUNCATE telemetry.position'));

function arrivalOf(deviceId: bigint, records: readonly TelemetryRecord[]): Arrival {
  const device = { id: deviceId, imei: '356307042441013', tenantId: 'default', name: 'one' };
  return { device, receivedAtMs: T0, traceparent: undefined, records: rowsOf(records) };
}

interface Key {
  readonly device: bigint;
  readonly second: number;
  readonly digest: bigint;
}

/** Few of each, so that devices share times and digests, and records come again within a batch and later. */
const key: fc.Arbitrary<Key> = fc.record({
  device: fc.constantFrom(1n, 2n, 2n ** 62n),
  second: fc.constantFrom(0, 1, Infinity),
  digest: fc.constantFrom(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n),
});
const frame = fc.array(key, { maxLength: 6 });
const textOf = ({ device, second, digest }: Key): string => `${device}|${second}|${digest}`;

function frameOf(keys: readonly Key[]): Arrival[] {
  return keys.map(({ device, second, digest }) => {
    const timeMs = second === Infinity ? 253_402_300_800_000 : T0 + second * 1000;
    return arrivalOf(device, [recordOf({ second: 0, timeMs, digest })]);
  });
}

it('tells the new records of a batch from the repeats of it and of earlier ones', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 5 }), async (batches) => {
      await run(admin, 'TRUNCATE telemetry.position');
      const seen = new Set<string>();
      for (const keys of batches) {
        const found = await database.transaction((transaction) => storePositions(transaction, frameOf(keys)));
        const isNew = keys.map((each) => {
          const wasThere = seen.has(textOf(each));
          seen.add(textOf(each));
          return !wasThere;
        });
        expect(keys.map((_, ordinal) => found.has(ordinal))).toEqual(isNew);
        expect(found.count).toBe(isNew.filter(Boolean).length);
      }
    }),
    { numRuns: 60 },
  );
});

it('stores every column of a record as it is, by ordinals that run through frames and parts of frames', async () => {
  const known: TelemetryRecord = {
    ...recordOf({ second: 1, digest: -5n }),
    ...{ longitude: -1_799_999_999, latitude: -899_999_999, altitudeM: -400, angleDeg: 65_535 },
    ...{ speedKmh: 65_535, satellites: 255, priority: 255, eventIoId: 65_535, flags: 31 },
    ...{ ignition: false, movement: true, odometerM: 2 ** 53 - 1, externalVoltageMv: 2 ** 31 - 1 },
    ...{ codec: 0x8e, io: Buffer.from('00010203', 'hex') },
  };
  const unknown: TelemetryRecord = {
    ...recordOf({ second: 2, timeMs: 253_402_300_800_000 }),
    ...{ rawTimeMs: 2n ** 64n - 1n, ignition: null, movement: null, odometerM: null, io: Buffer.alloc(0) },
  };
  const whole = arrivalOf(7n, [recordOf({ second: 0 }), known, unknown]);
  const part: Arrival = { ...whole, records: whole.records.slice(1) };
  const result = await database.transaction((transaction) => storePositions(transaction, [part, whole]));
  expect([0, 1, 2, 3, 4].map((ordinal) => result.has(ordinal))).toEqual([true, true, true, false, false]);
  expect([...part.records]).toEqual([known, unknown]);
  const rows = await run<Record<string, unknown>>(
    admin,
    'SELECT *, received_at AS received FROM telemetry.position WHERE digest <> 1 ORDER BY time',
  );
  expect(rows).toEqual([
    expect.objectContaining({
      ...{ device_id: 7n, time: new Date(known.timeMs), digest: -5n, received: new Date(T0) },
      ...{ longitude: -1_799_999_999, latitude: -899_999_999, altitude_m: -400, angle_deg: 65_535 },
      ...{ speed_kmh: 65_535, satellites: 255, priority: 255, event_io_id: 65_535, flags: 31 },
      ...{ ignition: false, movement: true, odometer_m: 2n ** 53n - 1n, external_voltage_mv: 2 ** 31 - 1 },
      ...{ fix_valid: true, codec: 0x8e, raw_time_ms: null, io: known.io },
    }),
    expect.objectContaining({
      ...{ time: Infinity, raw_time_ms: '18446744073709551615', ignition: null, movement: null },
      ...{ odometer_m: null, external_voltage_mv: null, io: Buffer.alloc(0) },
    }),
  ]);
});

it('stores new records as such, or none of them where one is a repeat', async () => {
  const frames = (...seconds: number[]) =>
    frameOf(seconds.map((second) => ({ device: 1n, second, digest: BigInt(second) })));
  const store = (...seconds: number[]): Promise<unknown> =>
    database
      .transaction((transaction) => storeNewPositions(transaction, frames(...seconds)))
      .catch((error: unknown) => error);
  expect(await store(0, 1)).toBeUndefined();
  for (const seconds of [[2, 1], [3, 3], [0]]) expect(isRepeat(await store(...seconds))).toBe(true);
  expect(await run(admin, 'SELECT digest FROM telemetry.position ORDER BY digest')).toEqual([
    { digest: 0n },
    { digest: 1n },
  ]);
});
