import fc from 'fast-check';
import {
  FLEET_EVENTS,
  INTENT_CATALOG,
  intentFieldsSchema,
  NOTIFICATION_INTENTS,
  TELEMETRY_LIVE,
} from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Fields, MemoryStreams, textFields } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { addRules, clearTelemetry, expectWhole } from './settled.testing';
import { databaseOf, entryOf, IMEI, NO_LIVE, noFence, recordOf, run, sinkOf, T0 } from '../sink.testing';

const servers = testServers();
let admin: Database;
let database: Database;

beforeAll(() => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
});
afterAll(() => Promise.all([admin.stop(1000), database.stop(1000)]));
beforeEach(async () => {
  await clearTelemetry(admin);
});

interface EventRow {
  readonly kind: string;
  readonly at: string;
  readonly details: object;
}

const eventsWhere = (condition: string) =>
  run<EventRow>(
    admin,
    `SELECT kind, ((extract(epoch FROM occurred_at) * 1000 - ${T0}) / 1000)::integer::text AS at, details
     FROM telemetry.event WHERE ${condition} ORDER BY occurred_at, kind`,
  );
const standing = () => eventsWhere('retracted_at IS NULL');
const countOf = async (table: string, condition = 'true'): Promise<number> => {
  const [row] = await run<{ n: number }>(
    admin,
    `SELECT count(*)::integer AS n FROM ${table} WHERE ${condition}`,
  );
  return row?.n ?? 0;
};

describe('positions and states', () => {
  it('stores a batch once, however often and in whatever pieces it comes', async () => {
    const sink = sinkOf({ database });
    const records = [30, 10, 20].map((second) => recordOf({ second, metres: second }));
    expect(await sink.write([entryOf(records), entryOf(records)], noFence)).toMatchObject({
      newRecords: 3,
      repeatedRecords: 3,
    });
    expect(await sink.write([entryOf(records)], noFence)).toMatchObject({
      newRecords: 0,
      repeatedRecords: 3,
    });
    const rows = await run(
      admin,
      'SELECT version, last_digest, speed_kmh, ignition, movement FROM telemetry.device_state',
    );
    expect(rows).toEqual([{ version: 1n, last_digest: 241n, speed_kmh: 50, ignition: true, movement: null }]);
    expect(await countOf('telemetry.position')).toBe(3);
    await sink.write([entryOf([recordOf({ second: 40 })])], noFence);
    expect(await run(admin, 'SELECT version FROM telemetry.device_state')).toEqual([{ version: 2n }]);
  });

  it('keeps records of the year 10000 and of the future, which move nothing', async () => {
    const sink = sinkOf({ database });
    const ahead = recordOf({ second: 1, timeMs: T0 + 1000 + 120_001 });
    const just = recordOf({ second: 2, timeMs: T0 + 2000 + 120_000 });
    const beyond = recordOf({ second: 3, timeMs: 253_402_300_800_000 });
    await sink.write([entryOf([beyond, ahead, just])], noFence);
    await sink.write([entryOf([beyond])], noFence);
    const rows = await run(
      admin,
      `SELECT flags, raw_time_ms, isfinite(time) AS finite FROM telemetry.position ORDER BY digest`,
    );
    expect(rows).toEqual([
      { flags: 2, raw_time_ms: null, finite: true },
      { flags: 0, raw_time_ms: null, finite: true },
      { flags: 1, raw_time_ms: '253402300800000', finite: false },
    ]);
    expect(await run(admin, 'SELECT last_digest FROM telemetry.device_state')).toEqual([
      { last_digest: 17n },
    ]);
  });

  it('lets records without a fix change neither state nor rules', async () => {
    await addRules(admin);
    const sink = sinkOf({ database });
    await sink.write([entryOf([recordOf({ second: 0, metres: 500 })])], noFence);
    const before = await run(admin, 'SELECT * FROM telemetry.device_state');
    const blind = [10, 20, 30].map((second) => recordOf({ second, speedKmh: 200, satellites: 0 }));
    await sink.write([entryOf(blind)], noFence);
    expect(await run(admin, 'SELECT * FROM telemetry.device_state')).toEqual(before);
    expect(await countOf('telemetry.event')).toBe(0);
    expect(await countOf('telemetry.position')).toBe(4);
  });

  it('writes nothing at all when its fence falls', async () => {
    const fallen = () => Promise.reject(new OdographError('LEASE_LOST'));
    const records = [recordOf({ second: 0 })];
    await expect(sinkOf({ database }).write([entryOf(records)], fallen)).rejects.toThrow('lease');
    expect(await countOf('telemetry.device')).toBe(0);
  });
});

describe('order', () => {
  it('comes to the fold over the sorted whole through two sinks and batches in any order', async () => {
    const rules = await addRules(admin);
    const sinks = [sinkOf({ database }), sinkOf({ database })] as const;
    const spec = fc.record({
      second: fc.integer({ min: 0, max: 300 }),
      metres: fc.constantFrom(0, 190, 230, 300, 500, 60_000),
      speedKmh: fc.constantFrom(null, 40, 82, 90, 130),
    });
    const specs = fc.uniqueArray(spec, { selector: ({ second }) => second, minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(specs, fc.integer({ min: 1, max: 9 }), async (chosen, size) => {
        await run(
          admin,
          'TRUNCATE telemetry.position, telemetry.device_state, telemetry.rule_checkpoint, telemetry.event',
        );
        for (const sink of sinks) sink.forgetStates();
        const records = chosen.map((each) =>
          recordOf({ ...each, digest: BigInt(each.second) * (each.second % 3 === 0 ? 128n : 1n) }),
        );
        for (let start = 0, turn = 0; start < records.length; start += size, turn += 1) {
          const batch = records.slice(start, start + size);
          await sinks[turn % 2 === 0 ? 0 : 1].write([entryOf(batch)], noFence);
        }
        await expectWhole(admin, records, rules);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('goes on over pages of a long history', async () => {
    const rules = await addRules(admin);
    const sink = sinkOf({ database });
    const digestOf = (second: number) => BigInt(second * 128 + 1);
    const records = Array.from({ length: 1100 }, (_, second) =>
      recordOf({ second: second + 1, metres: 500, digest: digestOf(second + 1) }),
    );
    await sink.write([entryOf(records)], noFence);
    const late = recordOf({ second: 0, metres: 500, speedKmh: 130, digest: 1n });
    await sink.write([entryOf([late])], noFence);
    await expectWhole(admin, [...records, late], rules);
  });

  it('retracts what a late record refutes and adds what it makes true', async () => {
    await addRules(admin);
    await run(admin, `INSERT INTO telemetry.subscription (user_id) VALUES ('anna')`);
    const sink = sinkOf({ database, now: () => T0 + 60_000 });
    const fast = [0, 2, 4, 6].map((second) => recordOf({ second, metres: 500, speedKmh: 90 }));
    await sink.write([entryOf(fast)], noFence);
    expect(await standing()).toEqual([{ kind: 'overspeed.started', at: '0', details: { limit_kmh: 80 } }]);
    const messages = await countOf('outbox.message');
    // Slow at 1 and 3: the three seconds above the limit are now none.
    await sink.write(
      [entryOf([1, 3].map((second) => recordOf({ second, metres: 500, speedKmh: 60 })))],
      noFence,
    );
    expect(await standing()).toEqual([]);
    expect(await countOf('telemetry.event', 'retracted_at IS NOT NULL')).toBe(1);
    // Fast before all: an episode that began earlier, and ends at the first slow record.
    const earlier = [-4, -2].map((second) =>
      recordOf({ second, metres: 500, speedKmh: 90, digest: BigInt(second) }),
    );
    await sink.write([entryOf(earlier)], noFence);
    expect((await standing()).map(({ kind, at }) => [kind, at])).toEqual([
      ['overspeed.started', '-4'],
      ['overspeed.ended', '1'],
    ]);
    expect(await countOf('outbox.message', `topic = '${FLEET_EVENTS}'`)).toBe(3);
    expect(messages).toBe(2);
  });

  it('lets a retracted event stand again without a second message', async () => {
    await addRules(admin);
    const sink = sinkOf({ database, now: () => T0 + 60_000 });
    const at = (second: number, metres: number) => recordOf({ second, metres });
    await sink.write([entryOf([at(0, 500), at(10, 100), at(20, 90)])], noFence);
    expect((await standing()).map(({ kind, at: when }) => [kind, when])).toEqual([
      ['geofence.entered', '10'],
    ]);
    // Inside before: one fix outside does not last long enough to have left.
    await sink.write([entryOf([at(-10, 100)])], noFence);
    expect(await standing()).toEqual([]);
    await sink.write([entryOf([at(5, 500)])], noFence);
    expect((await standing()).map(({ kind, at: when }) => [kind, when])).toEqual([
      ['geofence.exited', '0'],
      ['geofence.entered', '10'],
    ]);
    expect(await countOf('outbox.message')).toBe(2);
  });

  it('judges again from where a rule should have begun that came to be known later', async () => {
    const sink = sinkOf({ database });
    const records = [0, 2, 4, 6].map((second) => recordOf({ second, metres: 500, speedKmh: 90 }));
    await sink.write([entryOf(records)], noFence);
    const rules = await addRules(admin);
    const last = recordOf({ second: 8, metres: 500, speedKmh: 90 });
    const later = sinkOf({ database });
    await later.write([entryOf([last])], noFence);
    await expectWhole(admin, [...records, last], rules);
    expect(await standing()).toHaveLength(1);
  });
});

describe('events and messages', () => {
  const drive = [0, 2, 4, 6, 8].map((second) =>
    recordOf({ second, metres: 500, speedKmh: second < 8 ? 90 : 50 }),
  );

  it('writes an event for the fleet and an intent for the subscribers of its kind', async () => {
    await addRules(admin);
    await run(
      admin,
      `INSERT INTO telemetry.subscription (user_id, event_kind)
       VALUES ('zoe', NULL), ('anna', 'overspeed.started'), ('anna', NULL), ('otto', 'geofence.entered')`,
    );
    await sinkOf({ database, now: () => T0 + 60 * 60_000 }).write([entryOf(drive)], noFence);
    const rows = await run<{ topic: string; key: string; payload: string; event_id: string }>(
      admin,
      'SELECT topic, key, payload, event_id FROM outbox.message ORDER BY id',
    );
    expect(rows.map(({ topic, key }) => [topic, key])).toEqual([
      [FLEET_EVENTS, IMEI],
      [NOTIFICATION_INTENTS, IMEI],
      [FLEET_EVENTS, IMEI],
      [NOTIFICATION_INTENTS, IMEI],
    ]);
    const [, row] = rows;
    const added = { v: '1', event_id: row?.event_id };
    const intent = intentFieldsSchema.parse({ ...(JSON.parse(row?.payload ?? '') as object), ...added });
    expect(intent).toMatchObject({
      notification_type: 'vehicle.overspeed.started',
      recipient_user_ids_json: '["anna","zoe"]',
      idempotency_key: rows[0]?.event_id,
      occurred_at_ms: String(T0),
    });
    const payload: unknown = JSON.parse(intent.payload_json);
    expect(INTENT_CATALOG.get(intent.notification_type)?.payload.parse(payload)).toMatchObject({
      reference: 'rule:1',
      reference_name: 'limit',
      longitude: 25.3,
    });
  });

  it('leave an unknown speed out of all that is told of them', async () => {
    await addRules(admin);
    await run(admin, `INSERT INTO telemetry.subscription (user_id) VALUES ('anna')`);
    const live = new MemoryStreams();
    const sink = sinkOf({ database, live, now: () => T0 + 60_000 });
    const arrival = [0, 10, 20].map((second) =>
      recordOf({ second, metres: 400 - second * 20, speedKmh: second === 0 ? 40 : null }),
    );
    await sink.write([entryOf(arrival)], noFence);
    await sink.told();
    const entries = (await live.range(TELEMETRY_LIVE, '-', '+', 10)).map(textFields);
    await live.close();
    expect(entries.map(({ type, kind }) => [type, kind])).toEqual([
      ['position', undefined],
      ['event', 'geofence.entered'],
    ]);
    expect(entries[0]).not.toHaveProperty('speed_kmh');
    const told = await run<{ payload: string }>(admin, 'SELECT payload FROM outbox.message ORDER BY id');
    const payloads = [entries[1], ...told.map(({ payload }) => JSON.parse(payload) as Fields)].map(
      (fields) => JSON.parse(String(fields?.['payload_json'])) as object,
    );
    expect(payloads).toHaveLength(3);
    for (const payload of payloads) expect(payload).not.toHaveProperty('speed_kmh');
    const type = INTENT_CATALOG.get('vehicle.geofence.entered');
    expect(type?.payload.parse(payloads[2])).toMatchObject({ reference: 'geofence:1' });
    expect(await run(admin, 'SELECT speed_kmh FROM telemetry.event')).toEqual([{ speed_kmh: null }]);
    expect(await run(admin, 'SELECT speed_kmh FROM telemetry.device_state')).toEqual([{ speed_kmh: null }]);
  });

  it('keeps as history, without an intent, what is found more than an hour late', async () => {
    await addRules(admin);
    await run(admin, `INSERT INTO telemetry.subscription (user_id) VALUES ('anna')`);
    // The start is a millisecond too old, the end eight seconds younger is not.
    await sinkOf({ database, now: () => T0 + 60 * 60_000 + 1 }).write([entryOf(drive)], noFence);
    expect((await eventsWhere('historical')).map(({ kind }) => kind)).toEqual(['overspeed.started']);
    expect(await countOf('outbox.message', `topic = '${NOTIFICATION_INTENTS}'`)).toBe(1);
    expect(await countOf('outbox.message', `topic = '${FLEET_EVENTS}'`)).toBe(2);
  });

  it('tells live viewers after the commit, and does not fail when they cannot be told', async () => {
    await addRules(admin);
    const live = new MemoryStreams();
    const sink = sinkOf({ database, live });
    await sink.write([entryOf(drive)], noFence);
    await sink.told();
    const entries = (await live.range(TELEMETRY_LIVE, '-', '+', 10)).map(textFields);
    expect(entries.map(({ type, version, kind }) => [type, version, kind])).toEqual([
      ['position', '1', undefined],
      ['event', undefined, 'overspeed.started'],
      ['event', undefined, 'overspeed.ended'],
    ]);
    await live.close();
    const deaf = { ...NO_LIVE, broadcast: () => Promise.reject(new OdographError('REDIS_UNREACHABLE')) };
    const more = [entryOf([recordOf({ second: 60 })])];
    const unheard = sinkOf({ database, live: deaf });
    expect(await unheard.write(more, noFence)).toMatchObject({ newRecords: 1 });
    await unheard.told();
  });

  it('lets no batch wait for live viewers, and tells them in the order of the commits', async () => {
    const told: string[][] = [];
    let release = (): void => undefined;
    const slow = {
      ...NO_LIVE,
      broadcast: async (_stream: string, entries: readonly Fields[]) => {
        told.push(entries.map(({ time_ms }) => String(time_ms)));
        await new Promise<void>((resolve) => (release = resolve));
      },
    };
    const sink = sinkOf({ database, live: slow });
    for (const second of [0, 10, 20]) await sink.write([entryOf([recordOf({ second })])], noFence);
    expect(told).toHaveLength(1);
    release();
    await eventually(() => told.length === 2, { what: 'what has waited meanwhile' });
    release();
    await sink.told();
    expect(told.flat()).toEqual([0, 10, 20].map((second) => String(T0 + second * 1000)));
  });
});

describe('devices', () => {
  it('enrolls an unknown device under its IMEI, or refuses its entries', async () => {
    const entry = entryOf([recordOf({ second: 0 })]);
    const refused = await sinkOf({ database, policy: 'quarantine' }).write([entry], noFence);
    expect(refused.refused).toEqual([
      { entry, refusal: expect.stringContaining('not registered') as string },
    ]);
    expect(refused.refused[0]?.refusal).not.toContain(IMEI);
    expect(await countOf('telemetry.position')).toBe(0);
    expect((await sinkOf({ database }).write([entry], noFence)).refused).toEqual([]);
    expect(await run(admin, 'SELECT imei, name, tenant_id FROM telemetry.device')).toEqual([
      { imei: IMEI, name: IMEI, tenant_id: 'default' },
    ]);
  });

  it('follows what operators do within two seconds', async () => {
    let nowMs = 0;
    const sink = sinkOf({ database, now: () => nowMs });
    const write = async (second: number) =>
      (await sink.write([entryOf([recordOf({ second })])], noFence)).refused.map(({ refusal }) => refusal);
    expect(await write(0)).toEqual([]);
    expect(await write(1)).toEqual([]);
    await run(admin, 'UPDATE telemetry.device SET enabled = false');
    nowMs = 2001;
    expect(await write(2)).toEqual([expect.stringContaining('disabled')]);
    await run(admin, 'UPDATE telemetry.device SET enabled = true, removed_at = now()');
    nowMs = 4002;
    expect(await write(3)).toEqual([expect.stringContaining('removed')]);
    await run(admin, 'UPDATE telemetry.device SET removed_at = NULL');
    nowMs = 6003;
    expect(await write(4)).toEqual([]);
    expect(await countOf('telemetry.position')).toBe(3);
  });
});
