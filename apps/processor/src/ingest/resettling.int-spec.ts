import { type Database } from '@app/common/database';
import { type RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { databaseOf, entryOf, noFence, recordOf, run, sinkOf } from '../sink.testing';
import {
  entryFields,
  frameOf,
  type Instance,
  instanceOf,
  redisStreams,
  START_MS,
  streamOf,
} from './ingest.testing';

// Before the servers are asked for: hooks run in this order, and the leases are given back to theirs.
afterAll(async () => {
  await instance.stop();
  await Promise.all([admin.stop(1000), database.stop(1000), streams.stop()]);
});
const servers = testServers();
let admin: Database;
let database: Database;
let streams: RedisStreams;
let instance: Instance;

beforeAll(async () => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
  streams = await redisStreams(servers.redisUrl);
  instance = instanceOf({ name: 'instance', database, streams });
});
const OLD = '356307042441013';
const FRESH = '356307042441021';
const RECORDS = 20_000;
const BATCH = 4000;

/** One speeding episode in each thousand seconds, before what is fresh. */
async function writeHistory(): Promise<void> {
  const sink = sinkOf({ database });
  for (let start = -RECORDS; start < 0; start += BATCH) {
    const records = Array.from({ length: BATCH }, (_, index) =>
      recordOf({
        second: start + index,
        metres: 500 + (index % 100),
        speedKmh: (start + index + RECORDS) % 1000 < 10 ? 95 : 60,
      }),
    );
    await sink.write([entryOf(records, OLD)], noFence);
  }
}

const send = (imei: string, second: number): Promise<string> =>
  streams.append(streamOf(imei), entryFields(imei, frameOf({ timestampMs: START_MS + second * 100 })));

const countOf = async (what: string): Promise<number> => {
  const rows = await run<{ n: number }>(admin, `SELECT count(*)::integer AS n FROM telemetry.${what}`);
  return rows[0]?.n ?? 0;
};

it('settles a long history in slices while fresh records of others pass within two seconds', async () => {
  await writeHistory();
  await run(
    admin,
    `INSERT INTO telemetry.rule (name, kind, settings, valid_from)
     VALUES ('limit', 'overspeed', '{"limit_kmh": 80}', 'epoch')`,
  );
  await instance.start();
  await send(OLD, 0);
  let worstMs = 0;
  for (let second = 0; (await countOf('event WHERE retracted_at IS NULL')) < 40; second += 1) {
    const sentMs = performance.now();
    await send(FRESH, second);
    await eventually(
      async () =>
        (await countOf('position JOIN telemetry.device ON id = device_id WHERE imei = $$' + FRESH + '$$')) >
        second,
      { what: 'the fresh record', timeoutMs: 20_000 },
    );
    worstMs = Math.max(worstMs, performance.now() - sentMs);
  }
  expect(worstMs).toBeLessThan(2000);
  await eventually(async () => (await countOf('device_state WHERE resettling IS NOT NULL')) === 0, {
    what: 'the end of settling',
  });
  expect(await countOf('event')).toBe(40);
}, 60_000);

it('does what an operator asks for, and lets go of what it remembers', async () => {
  await run(
    admin,
    `UPDATE telemetry.device_state SET settled = jsonb_set(settled, '{rules}', '{}')
     WHERE device_id = (SELECT id FROM telemetry.device WHERE imei = $1)`,
    [OLD],
  );
  await run(admin, 'DELETE FROM telemetry.rule_checkpoint');
  await run(
    admin,
    'SELECT telemetry.request_resettling(id, NULL, NULL) FROM telemetry.device WHERE imei = $1',
    [OLD],
  );
  await send(OLD, 5);
  await eventually(async () => (await countOf('device_state WHERE resettling IS NOT NULL')) === 0, {
    what: 'the end of settling',
    timeoutMs: 20_000,
  });
  const [row] = await run(
    admin,
    `SELECT jsonb_path_query(settled, '$.rules.*') AS state, last_time FROM telemetry.device_state
     WHERE device_id = (SELECT id FROM telemetry.device WHERE imei = $1)`,
    [OLD],
  );
  expect(row).toEqual({ state: { phase: 'idle' }, last_time: new Date(START_MS + 500) });
  expect(await countOf('event')).toBe(40);
}, 60_000);
