import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { PROCESSOR_GROUP } from '@app/common/contracts';
import { migrateUp, type Database } from '@app/common/database';
import { type RedisStreams } from '@app/common/streams';
import {
  eventually,
  makeSynchronous,
  startPostgres,
  startStandby,
  testServers,
  type PostgresServer,
  type StandbyServer,
} from '@app/common/testing';
import { databaseOf, run } from '../sink.testing';
import {
  allStreams,
  entryFields,
  frameOf,
  instanceOf,
  redisStreams,
  START_MS,
  streamOf,
  type Instance,
} from './ingest.testing';

jest.setTimeout(60_000);

const DATABASE = 'odograph';
const DEVICES = 20;
const imeiOf = (number: number): string => (356_307_042_000_000 + number).toString();

describe('a promoted standby', () => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-standby-'));
  let runs = 0;
  let primary: PostgresServer;
  let standby: StandbyServer;
  let streams: RedisStreams;
  let databases: Database[] = [];
  let instances: Instance[] = [];

  const connect = (server: PostgresServer, role: string): Database => {
    const database = databaseOf(server.url(DATABASE, role));
    databases.push(database);
    return database;
  };
  async function started(name: string, server: PostgresServer): Promise<Instance> {
    const instance = instanceOf({ name, database: connect(server, 'odograph_processor'), streams });
    instances.push(instance);
    await instance.start();
    return instance;
  }
  const send = (second: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: DEVICES }, (_, n) =>
        streams.append(
          streamOf(imeiOf(n)),
          entryFields(imeiOf(n), frameOf({ timestampMs: START_MS + second * 1000 })),
        ),
      ),
    );
  const rows = async (database: Database): Promise<number> => {
    const [row] = await run<{ n: number }>(database, 'SELECT count(*)::integer AS n FROM telemetry.position');
    return row?.n ?? 0;
  };
  /** Entries that are not acknowledged, read or not. */
  const unsettled = async (): Promise<number> => {
    const infos = await Promise.all(allStreams.map((stream) => streams.info(stream, [PROCESSOR_GROUP])));
    return infos.reduce(
      (sum, info) => sum + (info?.groups[0]?.pending ?? 0) + (info?.groups[0]?.lag ?? 0),
      0,
    );
  };
  const stored = (database: Database, count: number): Promise<unknown> =>
    eventually(async () => expect(await rows(database)).toBe(count), {
      ...{ what: `${count} positions`, timeoutMs: 20_000 },
    });

  beforeEach(async () => {
    runs += 1;
    streams = await redisStreams(servers.redisUrl);
    await streams.commands.onEach((redis) => redis.flushall());
    const primaryDataDir = join(folder, `primary-${runs}`);
    primary = await startPostgres({ dataDir: primaryDataDir, durable: false });
    const admin = new Client({ connectionString: primary.url() });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.end();
    await migrateUp(primary.url(DATABASE));
    standby = await startStandby({
      ...{ primary, primaryDataDir, dataDir: join(folder, `standby-${runs}`), durable: false },
    });
  }, 60_000);
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await Promise.all(databases.map((database) => database.stop(1000)));
    await streams.stop();
    await Promise.all([primary.kill(), standby.kill()]);
    instances = [];
    databases = [];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has everything that was acknowledged where commits wait for it', async () => {
    await makeSynchronous(primary);
    await started('first', primary);
    await send(0);
    const before = connect(primary, 'postgres');
    await stored(before, DEVICES);
    // Commits wait for a standby that receives nothing any more, so that none of these may be acknowledged to Redis.
    await standby.cut();
    await send(1);
    const waiting = "SELECT 1 AS one FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    await eventually(async () => expect(await run(before, waiting)).not.toEqual([]), {
      what: 'a commit to wait for the standby',
    });
    expect(await unsettled()).toBe(DEVICES);
    await primary.kill();
    await standby.promote();
    // Its leases cannot be given back to a database that is gone; they run out.
    await Promise.allSettled(instances.splice(0).map((instance) => instance.stop()));
    const promoted = connect(standby, 'postgres');
    expect(await rows(promoted)).toBe(DEVICES);
    await started('second', standby);
    await stored(promoted, 2 * DEVICES);
  });

  it('lacks what it had not received, where commits do not wait for it', async () => {
    await losesTheLag();
  });

  it('is given again what it had not received, out of the streams', async () => {
    const promoted = await losesTheLag();
    await started('second', standby);
    await stored(promoted, 3 * DEVICES);
  });

  /** Two rounds of records, of which the standby has the first; resolves to it, promoted. */
  async function losesTheLag(): Promise<Database> {
    await started('first', primary);
    const before = connect(primary, 'postgres');
    await send(0);
    await stored(before, DEVICES);
    const replica = connect(standby, 'postgres');
    await stored(replica, DEVICES);
    await standby.cut();
    await send(1);
    await stored(before, 2 * DEVICES);
    await Promise.all(instances.splice(0).map((instance) => instance.stop()));
    await primary.kill();
    await standby.promote();
    expect(await rows(replica)).toBe(DEVICES);
    await send(2);
    return replica;
  }
});
