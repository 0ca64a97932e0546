import { Client } from 'pg';
import { Database, Transaction } from '@app/common/database';
import { appendBatch } from '@app/common/outbox';
import { RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { BEHIND, databaseOptions, message, published, Relay, spec } from './relay.testing';

/** What the relay may write and ask for one message of a full backlog, by the server's own counters. */
const MOST_WAL_BYTES = 60;
const MOST_DEAD_TUPLES = 0.01;
const MOST_STATEMENTS = 0.02;

const MESSAGES = 8_000;
const KEYS = 200;
const APPENDED_AT_ONCE = 500;
const LEASE_MS = 60_000;
/** Half of the default: what is written for a batch weighs twice as much. */
const BATCH = 500;

const WAL = spec('SELECT pg_current_wal_lsn()::text AS lsn');
const WAL_SINCE = spec('SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::float8 AS bytes');
const DEAD_TUPLES = spec(
  `SELECT sum(n_tup_upd + n_tup_del)::float8 AS made FROM pg_stat_user_tables WHERE schemaname = 'outbox'`,
);
const RELAY_SESSIONS = spec(`SELECT FROM pg_stat_activity WHERE usename = 'odograph_relay'`);

const servers = testServers();
let admin: Database;
let producer: Database;
let streams: RedisStreams;

beforeAll(async () => {
  admin = new Database(databaseOptions(servers.postgresUrl()));
  producer = new Database(databaseOptions(servers.postgresUrl('odograph_processor')));
  streams = new RedisStreams({
    ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 },
  });
  await streams.start();
});
afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all([admin.stop(1_000), producer.stop(1_000), streams.close()]);
});

/** Statements that go to the server from now on, along with the BEGIN and the COMMIT of transactions. */
function countStatements({ database }: Relay): () => number {
  let count = 0;
  const { query, transaction } = database;
  database.query = (each, params) => {
    count += 1;
    return query(each, params);
  };
  database.transaction = (work) => {
    count += 2;
    return transaction(work);
  };
  const asked = jest.spyOn(Transaction.prototype, 'query');
  const sent = jest.spyOn(Transaction.prototype, 'send');
  return () => count + asked.mock.calls.length + sent.mock.calls.length;
}

/** Commits all messages behind an open writer, so that they are a backlog once it commits. */
async function fillBehind(gate: Client): Promise<void> {
  await gate.query('BEGIN');
  await gate.query('SELECT pg_current_xact_id()');
  const drafts = Array.from({ length: MESSAGES }, (_, index) =>
    message(`key ${index % KEYS}`, Math.floor(index / KEYS)),
  );
  for (let first = 0; first < MESSAGES; first += APPENDED_AT_ONCE) {
    await producer.transaction((transaction) =>
      appendBatch(transaction, drafts.slice(first, first + APPENDED_AT_ONCE)),
    );
  }
}

describe('What a relay writes to PostgreSQL', () => {
  it('is next to nothing for a message: log, dead tuples, and statements', async () => {
    // Pages that were last written before a checkpoint are logged whole when the first reader marks their rows.
    await admin.query(spec('CHECKPOINT'));
    const [before] = await admin.query<{ made: number }>(DEAD_TUPLES);
    const relay = new Relay({
      ...{ postgresUrl: servers.postgresUrl('odograph_relay'), streams },
      ...{ batch: BATCH, leaseTimeMs: LEASE_MS, pollMs: 1_000 },
    });
    const statements = countStatements(relay);
    await relay.start();
    const gate = new Client({ connectionString: servers.postgresUrl() });
    await gate.connect();
    await fillBehind(gate);
    const statementsBefore = statements();
    const [start] = await admin.query<{ lsn: string }>(WAL);

    await gate.query('COMMIT');
    relay.service.wake();
    await eventually(async () => (await admin.query<{ behind: number }>(BEHIND))[0]?.behind === 0, {
      what: 'the backlog to be published',
      timeoutMs: 20_000,
    });

    const [wal] = await admin.query<{ bytes: number }>(WAL_SINCE, [start?.lsn]);
    const asked = statements() - statementsBefore;
    await gate.end();
    await relay.stop();
    // Sessions tell what they counted at their end at the latest.
    await eventually(async () => (await admin.query(RELAY_SESSIONS)).length === 0, {
      what: "the relay's sessions to end",
    });
    const [after] = await admin.query<{ made: number }>(DEAD_TUPLES);
    expect(await published(streams)).toHaveLength(MESSAGES);
    const made = (after?.made ?? NaN) - (before?.made ?? NaN);
    expect(made).toBeGreaterThan(0);
    expect((wal?.bytes ?? NaN) / MESSAGES).toBeLessThan(MOST_WAL_BYTES);
    expect(made / MESSAGES).toBeLessThanOrEqual(MOST_DEAD_TUPLES);
    expect(asked / MESSAGES).toBeLessThanOrEqual(MOST_STATEMENTS);
  }, 40_000);
});
