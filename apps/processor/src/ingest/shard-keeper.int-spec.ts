import { Registry } from 'prom-client';
import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { databaseOf, quiet, run } from '../sink.testing';
import { ingestMetrics } from './ingest.metrics';
import { allStreams } from './ingest.testing';
import { ShardKeeper } from './shard-keeper';
import { StoreLedger } from './store-ledger';

const servers = testServers();
const KEEP_MS = 60_000;
const DAY_MS = 86_400_000;
const [good = '', followed = '', robbed = ''] = allStreams;
let admin: Database;
let database: Database;

beforeAll(() => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
});
afterAll(() => Promise.all([admin.stop(1000), database.stop(1000)]));

it('trims by the age of the acks, and tells of groups nobody knows, of unread losses and of missing days', async () => {
  let nowMs = 1_800_000_000_000;
  const streams = new MemoryStreams(new MemoryServer(() => nowMs));
  const registry = new Registry();
  const keeper = new ShardKeeper({
    ...{ streams, owned: () => [good, followed, robbed], keepMs: KEEP_MS, retentionMs: 30 * DAY_MS },
    ...{ ledger: new StoreLedger(database), metrics: ingestMetrics(new Metrics(registry)), logger: quiet },
  });
  const owned = { group: PROCESSOR_GROUP, epoch: 1n };
  const ids = [await streams.append(good, { n: '0' }), await streams.append(good, { n: '1' })];
  nowMs += 10 * KEEP_MS;
  await streams.readOwned({ ...owned, stream: good, consumer: 'one', count: 9 });
  await streams.ackOwned({ ...owned, stream: good, ids });
  await streams.ensureGroup(followed, PROCESSOR_GROUP);
  await streams.ensureGroup(followed, 'somebody');
  await streams.ensureGroup(robbed, PROCESSOR_GROUP);
  await streams.broadcast(robbed, [{ n: '0' }, { n: '1' }], 1);
  // A day that has no table, and times that belong into DEFAULT.
  await run(admin, `INSERT INTO telemetry.device (imei, name) VALUES ('356307042441013', 'spec')`);
  await run(
    admin,
    `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m, angle_deg,
       satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
     SELECT id, time, 1, now(), 0, 0, 0, 0, 0, 0, false, 0, 0, 8, 0, ''
     FROM telemetry.device, unnest(ARRAY[now() - interval '9 days', now() - interval '99 days', 'infinity']) AS time`,
  );
  const metric = async (name: string): Promise<number> =>
    (await registry.getSingleMetric(`odograph_${name}`)?.get())?.values[0]?.value ?? NaN;

  await keeper.tend();
  // Old enough by their own age, and acknowledged just now.
  expect((await streams.info(good, []))?.length).toBe(2);
  expect(await metric('ingest_unknown_groups')).toBe(1);
  expect(await metric('ingest_streams_unread_trimmed')).toBe(1);
  expect(await metric('ingest_default_partition_records')).toBe(1);

  nowMs += KEEP_MS;
  await keeper.tend();
  expect((await streams.info(good, []))?.length).toBe(1);
});
