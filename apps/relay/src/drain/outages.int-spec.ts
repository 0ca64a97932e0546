import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutboxDraft } from '@app/common/contracts';
import { Database, migrateUp } from '@app/common/database';
import { appendBatch } from '@app/common/outbox';
import { RedisStreams } from '@app/common/streams';
import {
  eventually,
  freePort,
  makeSynchronous,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  startStandby,
} from '@app/common/testing';
import { BEHIND, databaseOptions, inKeyOrder, message, published, Relay, spec } from './relay.testing';

let mockOnFault: (name: string) => void = () => undefined;
jest.mock('@app/common/observability', () => ({
  ...jest.requireActual<object>('@app/common/observability'),
  fault: (name: string) => mockOnFault(name),
}));

jest.setTimeout(60_000);

const DATABASE = 'odograph';
const KEYS = Array.from({ length: 20 }, (_, index) => `key ${index}`);

const folder = mkdtempSync(join(tmpdir(), 'odograph-relay-outages-'));
const dataDir = join(folder, 'pg');
let postgres: PostgresServer;
let redis: RedisServer;
let streams: RedisStreams;
let producer: Database;
let admin: Database;
let relays: Relay[] = [];
let sequence = 0;

async function startServers(): Promise<void> {
  redis = await startRedis({ dir: join(folder, 'redis'), appendfsync: 'always' });
  postgres = await startPostgres({ dataDir, durable: false });
  const maintenance = new Database(databaseOptions(postgres.url()));
  await maintenance.query(spec(`CREATE DATABASE ${DATABASE}`));
  await maintenance.stop(1_000);
  await migrateUp(postgres.url(DATABASE));
  streams = new RedisStreams({ url: redis.url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5_000 });
  await streams.start();
  connect(postgres);
}

function connect(server: PostgresServer): void {
  producer = new Database(databaseOptions(server.url(DATABASE, 'odograph_processor')));
  admin = new Database(databaseOptions(server.url(DATABASE)));
}

beforeAll(startServers, 60_000);
afterEach(async () => {
  mockOnFault = () => undefined;
  await Promise.allSettled(relays.map((relay) => relay.stop()));
  relays = [];
});
afterAll(async () => {
  await Promise.all([producer.stop(1_000), admin.stop(1_000), streams.close()]);
  await Promise.all([postgres.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function relay(server = postgres): Promise<Relay> {
  const made = new Relay({ postgresUrl: server.url(DATABASE, 'odograph_relay'), streams });
  relays.push(made);
  return made.start();
}

/** One message of each key, in one transaction. */
async function produce(): Promise<void> {
  const drafts = KEYS.map((key): OutboxDraft => message(key, sequence));
  await producer.transaction((transaction) => appendBatch(transaction, drafts));
  sequence += 1;
}

/** All that was ever committed stands in the stream, once, each key in its order. */
async function expectAllOnce(): Promise<void> {
  const due = KEYS.flatMap((key) => Array.from({ length: sequence }, (_, index) => `${key}#${index}`)).sort();
  await eventually(
    async () => {
      expect(inKeyOrder(await published(streams))).toEqual(due);
      expect(await admin.query(BEHIND)).toEqual([{ behind: 0 }]);
    },
    { what: `${due.length} messages`, timeoutMs: 30_000 },
  );
}

const onRedis = (...command: [string, ...(string | number)[]]): Promise<unknown> =>
  streams.commands.onEach((client) => client.call(...command));

const untilNotUp = (running: Relay, words: RegExp): Promise<unknown> =>
  eventually(
    async () => {
      const { status, details } = await running.service.check();
      expect(status).not.toBe('up');
      expect(JSON.stringify(details)).toMatch(words);
    },
    { what: `the relay to say ${String(words)}` },
  );

describe('A Redis that takes no writes', () => {
  it('because its memory is full: the relay says so, and goes on where it stood', async () => {
    const running = await relay();
    await produce();
    await expectAllOnce();
    await onRedis('CONFIG', 'SET', 'maxmemory', '1');
    await produce();
    await untilNotUp(running, /OOM|memory/i);
    await produce();
    await onRedis('CONFIG', 'SET', 'maxmemory', '0');
    await expectAllOnce();
    expect((await running.service.check()).status).toBe('up');
  });

  it('because it has become a replica: the relay says so, and goes on when it is the primary again', async () => {
    const running = await relay();
    await produce();
    await expectAllOnce();
    // Nobody answers there, so that it keeps what it has.
    await onRedis('REPLICAOF', '127.0.0.1', await freePort());
    await produce();
    await untilNotUp(running, /READONLY|read.only|replica/i);
    await onRedis('REPLICAOF', 'NO', 'ONE');
    await expectAllOnce();
  });
});

describe('Three relays', () => {
  it('of which one dies somewhere in every round, publish all once and in order', async () => {
    const random = (below: number): number => Math.floor(Math.random() * below);
    await Promise.all([relay(), relay(), relay()]);
    for (let round = 0; round < 8; round += 1) {
      const [victim] = relays.splice(random(relays.length), 1);
      let passes = random(6);
      mockOnFault = (name) => {
        if ((passes -= 1) > 0) return;
        mockOnFault = () => undefined;
        victim?.crash();
        throw new Error(`crash at ${name}`);
      };
      await produce();
      await produce();
      await eventually(() => victim?.database.dead ?? true, { what: 'a relay to die' });
      await relay();
      await victim?.stop();
    }
    await expectAllOnce();
  });
});

describe('A PostgreSQL', () => {
  it('that is killed and comes back: the relay goes on, and says each message once', async () => {
    await relay();
    await produce();
    await expectAllOnce();
    const { port } = postgres;
    await postgres.kill();
    postgres = await startPostgres({ dataDir, durable: false, port });
    await eventually(() => produce().then(() => true), { what: 'a commit', timeoutMs: 20_000 });
    await expectAllOnce();
  });

  it('whose synchronous standby is promoted: the next relay finds all, and says nothing twice', async () => {
    const standby = await startStandby({
      ...{ primary: postgres, primaryDataDir: dataDir, dataDir: join(folder, 'standby'), durable: false },
    });
    await makeSynchronous(postgres);
    const first = await relay();
    await produce();
    await expectAllOnce();
    // What is committed and not published yet when the primary dies.
    await first.stop();
    relays = [];
    await produce();
    await postgres.kill();
    await Promise.all([producer.stop(1_000), admin.stop(1_000)]);
    await standby.promote();
    postgres = standby;
    connect(standby);
    await relay(standby);
    await produce();
    await expectAllOnce();
  });
});
