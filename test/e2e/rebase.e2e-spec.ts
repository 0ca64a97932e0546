import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxDraft, partOf } from '@app/common/contracts';
import { Database, migrateUp } from '@app/common/database';
import { appendBatch } from '@app/common/outbox';
import { RedisStreams } from '@app/common/streams';
import {
  eventually,
  type PostgresServer,
  type RedisServer,
  signal,
  startPostgres,
  startRedis,
} from '@app/common/testing';
import { OdoInTest } from '../../apps/ops/src/command-line.testing';
import {
  BEHIND,
  databaseOptions,
  inKeyOrder,
  message,
  published,
  Relay,
  RESET,
  spec,
  TOPICS,
} from '../../apps/relay/src/drain/relay.testing';

/** A data folder belongs to the server's user, who is not us. */
const folder = mkdtempSync(join(tmpdir(), 'odograph-rebase-'));
const dataDir = join(folder, 'postgres');
const backupDir = join(folder, 'backup');

let postgres: PostgresServer;
let redis: RedisServer;
let admin: Database;
let producer: Database;
let streams: RedisStreams;
let relays: Relay[] = [];

const odo = new OdoInTest({
  operator: () => postgres.url(),
  owner: () => postgres.url(),
  redis: () => redis.url,
});

beforeAll(async () => {
  postgres = await startPostgres({ dataDir, durable: false });
  await migrateUp(postgres.url());
  redis = await startRedis({ dir: join(folder, 'redis'), appendfsync: 'everysec' });
  admin = new Database(databaseOptions(postgres.url()));
  producer = new Database(databaseOptions(postgres.url('postgres', 'odograph_processor')));
  streams = new RedisStreams({ url: redis.url, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 });
  await streams.start();
}, 60_000);
afterAll(async () => {
  await Promise.all([admin.stop(1_000), producer.stop(1_000), streams.close(), odo.close()]);
  await Promise.all([postgres.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  for (const statement of RESET) await admin.query(statement);
  await admin.query(spec('UPDATE outbox.generation SET generation = 1'));
  await streams.commands.onEach((client) => client.flushall());
});

/** As a volume snapshot does: the same system identifier and the same timeline. */
async function backUp(): Promise<void> {
  const { port } = postgres;
  await postgres.stop();
  rmSync(backupDir, { recursive: true, force: true });
  cpSync(dataDir, backupDir, { recursive: true, preserveTimestamps: true });
  postgres = await startPostgres({ dataDir, durable: false, port });
}

async function restore(): Promise<void> {
  const { port } = postgres;
  await postgres.kill();
  for (const name of readdirSync(dataDir)) rmSync(join(dataDir, name), { recursive: true, force: true });
  for (const name of readdirSync(backupDir)) {
    cpSync(join(backupDir, name), join(dataDir, name), { recursive: true, preserveTimestamps: true });
  }
  postgres = await startPostgres({ dataDir, durable: false, port });
}

async function relay(): Promise<Relay> {
  const made = new Relay({ postgresUrl: postgres.url('postgres', 'odograph_relay'), streams });
  relays.push(made);
  return made.start();
}

async function stopRelays(): Promise<void> {
  await Promise.all(relays.map((each) => each.stop()));
  relays = [];
}

const KEYS = Array.from({ length: 24 }, (_, index) => `key ${index}`);
const round = (sequence: number): OutboxDraft[] => KEYS.map((key) => message(key, sequence));
const expectedOf = (...sequences: number[]): string[] =>
  KEYS.flatMap((key) => sequences.map((sequence) => `${key}#${sequence}`)).sort();

async function produce(...sequences: number[]): Promise<void> {
  for (const sequence of sequences) {
    for (const key of KEYS) {
      await producer.transaction((transaction) => appendBatch(transaction, [message(key, sequence)]));
    }
  }
}

const drained = (count: number) =>
  eventually(
    async () =>
      (await published(streams)).length >= count &&
      (await admin.query<{ behind: number }>(BEHIND))[0]?.behind === 0,
    { what: `${count} messages to be published`, timeoutMs: 30_000 },
  );
const statusIs = (one: Relay, wanted: string) =>
  eventually(async () => (await one.service.check()).status === wanted, {
    what: `a relay that is ${wanted}`,
    timeoutMs: 30_000,
  });

describe('odo outbox rebase', () => {
  it('lets the relay go on with a restored database: nothing is lost, nothing doubled, each key in its order', async () => {
    const first = await relay();
    await produce(0, 1);
    await drained(2 * KEYS.length);
    await stopRelays();
    // Behind the cursor in the copy, and published after it was made.
    await produce(2);
    await backUp();
    await relay();
    await produce(3, 4);
    await drained(5 * KEYS.length);
    await stopRelays();
    await restore();
    // Under transaction ids that were handed out before, so that many lie at or below the marks that Redis holds.
    await produce(5, 6);
    const one = await relay();
    await statusIs(one, 'down');
    expect(JSON.stringify((await one.service.check()).details)).toContain('OUTBOX_CURSOR_AHEAD');

    expect(await odo.done('outbox', 'rebase')).toBe(
      `generation 3: ${2 * KEYS.length} messages go to their streams, ${KEYS.length} stand there already\n`,
    );
    await statusIs(one, 'up');
    await produce(7);
    await drained(8 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1, 2, 3, 4, 5, 6, 7));
    expect(await odo.auditOf('outbox-generation')).toMatchObject([
      {
        action: 'outbox.rebase',
        outcome: 'updated',
        after: { generation: '3', to_publish: 2 * KEYS.length },
      },
    ]);
    expect(first.registry).toBeDefined();

    // A Redis that loses everything afterwards is filled again from what is kept, each message once.
    await streams.commands.onEach((client) => client.flushall());
    await produce(8);
    await drained(6 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1, 2, 5, 6, 7, 8));
  }, 120_000);

  it('does no harm under running relays and producers, however often', async () => {
    await Promise.all([relay(), relay()]);
    const work = produce(0, 1, 2, 3, 4, 5);
    for (let times = 0; times < 3; times += 1) await odo.done('outbox', 'rebase');
    await work;
    await drained(6 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1, 2, 3, 4, 5));
  }, 120_000);

  it('waits for a transaction that has appended, and names it where it stays open', async () => {
    const [appended, commit] = [signal('appended'), signal('commit')];
    const writer = producer.transaction(async (transaction) => {
      await appendBatch(transaction, round(0));
      appended.emit();
      await commit.next(30_000);
    });
    await appended.next();
    const refused = await odo.run('outbox', 'rebase', '--wait-s', '1');
    expect(refused).toMatchObject({ status: 1, out: '' });
    expect(refused.err).toMatch(/^STILL_IN_USE.*\d+ \(relay-spec, open for \d+ s\)/s);
    const rebased = odo.done('outbox', 'rebase', '--wait-s', '20');
    await eventually(
      async () =>
        (await admin.query(spec(`SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`)))
          .length > 0,
      { what: 'rebase to wait' },
    );
    const later = produce(1);
    commit.emit();
    await writer;
    expect(await rebased).toBe(
      `generation 3: ${KEYS.length} messages go to their streams, 0 stand there already\n`,
    );
    await later;
    await relay();
    await drained(2 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1));
  }, 60_000);

  it('puts what it gives to the relay in front of what comes later under an earlier transaction id', async () => {
    await produce(0);
    const [begun, append] = [signal('begun'), signal('append')];
    const writer = producer.transaction(async (transaction) => {
      await transaction.query(spec('SELECT pg_current_xact_id()'));
      begun.emit();
      await append.next(30_000);
      await appendBatch(transaction, round(1));
    });
    await begun.next();
    await odo.done('outbox', 'rebase');
    append.emit();
    await writer;
    await relay();
    await drained(2 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1));
  }, 60_000);

  it('mends a cursor beyond what the server has handed out, as a dump brings it: old messages first', async () => {
    await produce(1);
    // As the lost server wrote them, with what it had not published behind its cursor.
    for (const draft of round(0)) {
      await admin.query(
        spec(`INSERT INTO outbox.message (generation, xid, part, topic, key, event_id, tenant_id, traceparent, payload)
              VALUES (1, '9000000001', $1, $2, $3, $4, 'default', 't', $5)`),
        [partOf(draft.key), FLEET_EVENTS, draft.key, draft.eventId, JSON.stringify(draft.fields)],
      );
    }
    await admin.query(spec(`UPDATE outbox.cursor SET generation = 1, xid = '9000000000'`));
    const one = await relay();
    await statusIs(one, 'down');
    await odo.done('outbox', 'rebase');
    await statusIs(one, 'up');
    await drained(2 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1));
  }, 60_000);

  it('goes above the owners and generations that Redis knows', async () => {
    for (const stream of TOPICS) await streams.claimMark({ stream, part: 3, epoch: 1_000n });
    const one = await relay();
    await statusIs(one, 'down');
    await odo.done('outbox', 'rebase');
    await statusIs(one, 'up');
    await produce(0);
    await drained(KEYS.length);
    // A database from before that rebase.
    await stopRelays();
    await admin.query(spec('UPDATE outbox.generation SET generation = 1'));
    await admin.query(
      spec(`UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0, acknowledged = '{}'`),
    );
    await admin.query(spec('TRUNCATE outbox.message, ops.lease'));
    await produce(1);
    const two = await relay();
    await statusIs(two, 'down');
    expect(await odo.done('outbox', 'rebase')).toMatch(/^generation 5: /);
    await statusIs(two, 'up');
    await drained(2 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1));
  }, 60_000);

  it('takes the parts over from the owners of whatever database: what those still send is refused', async () => {
    for (const stream of TOPICS) await streams.claimMark({ stream, part: 3, epoch: 1_000n });
    await odo.done('outbox', 'rebase');
    for (const stream of TOPICS) {
      expect(await streams.claimMark({ stream, part: 3, epoch: 1_000n })).toEqual({
        kind: 'fenced',
        epoch: 1_001n,
      });
    }
    expect(await odo.query(`SELECT epoch::integer FROM ops.lease WHERE name = 'outbox:part:3'`)).toEqual([
      { epoch: 1_001 },
    ]);
  });

  it("is refused under the operator's role, with the way out, and changes nothing", async () => {
    const operator = postgres.url('postgres', 'odograph_ops');
    const { err, status } = await odo.run('outbox', 'rebase', '--database-url', operator);
    expect({ status, err }).toEqual({
      status: 2,
      err: expect.stringContaining('needs the owner') as unknown,
    });
    expect(await odo.query('SELECT generation::integer FROM outbox.generation')).toEqual([{ generation: 1 }]);
  });

  it('fills a stream that has lost its tail beside a database that was restored', async () => {
    await relay();
    await produce(0, 1);
    await drained(2 * KEYS.length);
    await stopRelays();
    // What the retry lane had published is lost with it; another stream of the part has lost nothing.
    for (const topic of TOPICS) {
      await admin.query(
        spec(`INSERT INTO outbox.retry (kind, state, part, topic, key, event_id, tenant_id, traceparent, payload, closed_at)
              VALUES ('timer', 'published', $1, $2, $3, 'e', 'default', 't', '{}', now())`),
        [partOf(KEYS[0] ?? ''), topic, KEYS[0]],
      );
    }
    await streams.commands.onEach((client) => client.flushall());
    await odo.done('outbox', 'rebase');
    expect(await odo.query('SELECT topic, state FROM outbox.retry ORDER BY id')).toEqual([
      { topic: FLEET_EVENTS, state: 'open' },
      { topic: NOTIFICATION_INTENTS, state: 'published' },
    ]);
    await admin.query(spec('TRUNCATE outbox.retry CASCADE'));
    await relay();
    await drained(2 * KEYS.length);
    expect(inKeyOrder(await published(streams))).toEqual(expectedOf(0, 1));
  }, 60_000);
});
