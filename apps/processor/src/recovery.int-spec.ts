import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { loadRecordDigest } from '@app/common/contracts';
import { type Database, migrateUp } from '@app/common/database';
import { LeaseTable } from '@app/common/leases';
import { type RedisStreams } from '@app/common/streams';
import {
  eventually,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from '@app/common/testing';
import { GivenIds } from './edge/given-ids';
import { keepFrame } from './edge/frame-sink';
import { LossWatch } from './edge/loss-watch';
import { StoreWatch } from './edge/store-watch';
import { StreamFrameSink } from './edge/stream-frame-sink';
import { databaseOf, quiet, run } from './sink.testing';
import { at, imeiOf } from './ingest/ingest-suite.testing';
import {
  entryFields,
  type Instance,
  instanceOf,
  LEASE_TIME_MS,
  redisStreams,
  SHARDS,
  streamOf,
} from './ingest/ingest.testing';

/** A data folder belongs to the server's user, who is not us. */
const folder = mkdtempSync(join(tmpdir(), 'odograph-recovery-'));
const dataDir = join(folder, 'postgres');
const backupDir = join(folder, 'backup');
const redisDir = join(folder, 'redis');

let postgres: PostgresServer;
let redis: RedisServer;
let admin: Database;
let database: Database;
let streams: RedisStreams;
let running: Instance[] = [];
let boots = 0;

const startDatabase = async (port?: number): Promise<void> => {
  postgres = await startPostgres({ dataDir, durable: false, ...(port === undefined ? {} : { port }) });
};

beforeAll(async () => {
  await startDatabase();
  await migrateUp(postgres.url());
  redis = await startRedis({ dir: redisDir, appendfsync: 'everysec' });
  admin = databaseOf(postgres.url());
  database = databaseOf(postgres.url('postgres', 'odograph_processor'));
  streams = await redisStreams(redis.url);
}, 60_000);
afterAll(async () => {
  await Promise.all([admin.stop(1000), database.stop(1000), streams.stop()]);
  await Promise.all([postgres.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(running.map((instance) => instance.stop()));
  running = [];
});

interface Start {
  readonly watchEveryMs?: number;
  readonly leaseTimeMs?: number;
}
const registry = new Registry();
async function started({ watchEveryMs, leaseTimeMs = LEASE_TIME_MS }: Start = {}): Promise<Instance> {
  boots += 1;
  const name = `instance/${boots}`;
  const leases = new LeaseTable(database, name, leaseTimeMs);
  const watch = watchEveryMs === undefined ? {} : { watchEveryMs };
  const instance = instanceOf({ name, database, streams, registry, leases, ...watch });
  running.push(instance);
  await instance.start();
  return instance;
}

const send = (number: number, second: number): Promise<string> =>
  streams.append(streamOf(imeiOf(number)), entryFields(imeiOf(number), at(second)));
const positions = async (): Promise<number> => {
  const [row] = await run<{ n: number }>(admin, 'SELECT count(*)::integer AS n FROM telemetry.position');
  return row?.n ?? 0;
};
const stored = (count: number): Promise<unknown> =>
  eventually(async () => (await positions()) === count, { what: `${count} positions`, timeoutMs: 20_000 });
const restores = async (store: string): Promise<number> =>
  Number(
    new RegExp(`odograph_ingest_restores_total{store="${store}"} (\\d+)`).exec(
      await registry.metrics(),
    )?.[1] ?? 0,
  );

/** As a volume snapshot does: the same system identifier and the same timeline. */
async function backUp(): Promise<void> {
  const { port } = postgres;
  await postgres.stop();
  rmSync(backupDir, { recursive: true, force: true });
  cpSync(dataDir, backupDir, { recursive: true, preserveTimestamps: true });
  await startDatabase(port);
}

async function restore(meanwhile?: () => Promise<unknown>): Promise<void> {
  const { port } = postgres;
  await postgres.kill();
  await meanwhile?.();
  for (const name of readdirSync(dataDir)) rmSync(join(dataDir, name), { recursive: true, force: true });
  for (const name of readdirSync(backupDir)) {
    cpSync(join(backupDir, name), join(dataDir, name), { recursive: true, preserveTimestamps: true });
  }
  await startDatabase(port);
}

describe('a database that was put back to an earlier time', () => {
  it('gets back under a running owner what its streams still hold', async () => {
    const instance = await started();
    for (let number = 0; number < 8; number += 1) await send(number, 1);
    await stored(8);
    await backUp();
    for (let number = 0; number < 8; number += 1) await send(number, 2);
    await stored(16);
    await restore(async () => {
      await send(0, 9);
      await eventually(() => instance.ingest.breaker.state !== 'closed', { what: 'the outage to be seen' });
    });
    await stored(17);
    expect(instance.ingest.breaker.state).toBe('closed');
    expect(await restores('database')).toBeGreaterThan(0);
    await eventually(() => instance.ingest.reconciler.rewinding.size === 0, { what: 'all to be read again' });
  }, 60_000);

  it('gets it back under an owner to whom nothing comes that would find out', async () => {
    const before = await positions();
    // No lease runs out while the database is away, however slow the machine is.
    const instance = await started({ watchEveryMs: 50, leaseTimeMs: 60_000 });
    for (let number = 0; number < 8; number += 1) await send(number, 5);
    await stored(before + 8);
    await backUp();
    for (let number = 0; number < 8; number += 1) await send(number, 6);
    await stored(before + 16);
    const epochs = () => instance.ingest.ownership.snapshot();
    const held = epochs();
    await restore();
    await stored(before + 16);
    // The same leases throughout: a take-over would have looked by itself.
    expect(epochs()).toEqual(held);
  }, 60_000);

  it('gets it back from a later owner, whose epochs begin anew', async () => {
    const before = await positions();
    await backUp();
    // Epochs that the restored database knows nothing of.
    await run(admin, `UPDATE ops.lease SET epoch = epoch + 1000 WHERE starts_with(name, 'shard:')`);
    const first = await started();
    for (let number = 0; number < 8; number += 1) await send(number, 3);
    await stored(before + 8);
    await first.stop();
    await restore();
    expect(await positions()).toBe(before);
    await started();
    await stored(before + 8);
    for (let number = 0; number < 8; number += 1) await send(number, 4);
    await stored(before + 16);
  }, 60_000);
});

describe('a Redis that lost the end of its streams', () => {
  interface Loss {
    readonly stream: string;
    readonly imei: string | null;
    readonly after_id: string;
    readonly last_id: string;
    readonly source: string;
  }
  const losses = () =>
    run<Loss>(admin, 'SELECT stream, imei, after_id, last_id, source FROM ops.stream_loss');
  const named = (count: number): Promise<Loss[]> =>
    eventually(
      async () => {
        const rows = await losses();
        return rows.length === count && rows;
      },
      { what: `${count} losses to be named`, timeoutMs: 20_000 },
    );
  beforeEach(() => run(admin, 'TRUNCATE ops.stream_loss'));

  const log = (): string => {
    const appendOnly = join(redisDir, 'appendonlydir');
    return join(appendOnly, readdirSync(appendOnly).find((name) => name.endsWith('.incr.aof')) ?? '');
  };
  /** As a disk does that had not been written when the power went. */
  async function cutTo(size: number): Promise<void> {
    await redis.kill();
    truncateSync(log(), size);
    redis = await startRedis({ dir: redisDir, port: redis.port, appendfsync: 'everysec' });
  }

  it('is noticed, and what it lost of what is stored is named once', async () => {
    const instance = await started();
    const before = await positions();
    const kept = await send(1, 100);
    await stored(before + 1);
    const { size } = statSync(log());
    const lost = await send(1, 101);
    await stored(before + 2);
    await cutTo(size);
    expect(await named(1)).toEqual([
      { stream: streamOf(imeiOf(1)), imei: null, after_id: kept, last_id: lost, source: 'sink' },
    ]);
    expect(await restores('redis')).toBe(1);
    await send(1, 102);
    await stored(before + 3);
    await instance.stop();
    await started();
    await send(1, 103);
    await stored(before + 4);
    expect(await losses()).toHaveLength(1);
  }, 60_000);

  it('names by device what edges gave acks for and nobody has stored', async () => {
    const given = new GivenIds();
    const digest = await loadRecordDigest();
    const sink = new StreamFrameSink(streams, new StoreWatch(quiet), SHARDS, digest, given);
    let devices = 0;
    const onLost = (more: number) => {
      devices += more;
    };
    const watch = new LossWatch({ streams, given, instance: 'edge-1', onLost, logger: quiet });
    await watch.start();
    try {
      const [kept, ...others] = [21, 22, 23].map(imeiOf).map((imei) => ({
        imei,
        stream: streamOf(imei),
        lane: sink.lane({ imei, transport: 'tcp', peer: '127.0.0.1:50000' }),
      }));
      if (kept !== undefined) await keepFrame(kept.lane, at(1), Date.now());
      const before = new Map<string, string>();
      for (const { stream } of others) before.set(stream, (await streams.ownedState(stream)).lastId);
      const { size } = statSync(log());
      for (const { lane } of others) {
        await keepFrame(lane, at(2), Date.now());
        await keepFrame(lane, at(3), Date.now());
      }
      const last = new Map(others.map(({ imei, stream }) => [imei, given.of(stream, imei).text]));
      await cutTo(size);
      await started();
      const found = await named(others.length);
      for (const { imei, stream } of others) {
        expect(found).toContainEqual(
          expect.objectContaining({ imei, stream, source: 'edge', last_id: last.get(imei) }),
        );
        const own = found.find((loss) => loss.imei === imei);
        expect(own?.after_id === '0-0' || own?.after_id === before.get(stream)).toBe(true);
      }
      expect(devices).toBe(others.length);
    } finally {
      await watch.stop();
    }
  }, 60_000);
});
