import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxPosition } from '@app/common/contracts';
import { Database, statement, type Statement } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { type ParkedMessage, type RetryRow, type SettledRow } from './retry-row';
import { type Claim, RetryTable } from './retry-table';

const servers = testServers();
const PART = 3;
const LEASE_MS = 60_000;
let admin: Database;
let database: Database;
let table: RetryTable;

beforeAll(() => {
  const databaseOn = (url: string): Database =>
    new Database({
      ...{ url, poolSize: 4, applicationName: 'retry-spec', startupTimeoutMs: 5_000 },
      logger: pino({ level: 'silent' }),
    });
  admin = databaseOn(servers.postgresUrl());
  database = databaseOn(servers.postgresUrl('odograph_relay'));
  table = new RetryTable(database);
});
afterAll(() => Promise.all([admin.stop(1_000), database.stop(1_000)]));
afterEach(() =>
  admin.query(spec('TRUNCATE outbox.message, outbox.retry, outbox.dead_letter, outbox.replay')),
);

const names = new Map<string, Statement>();
function spec(sql: string): Statement {
  const made = names.get(sql) ?? statement(`spec_retry_${names.size}`, sql);
  names.set(sql, made);
  return made;
}

const at = (id: number): OutboxPosition => ({ generation: 1n, xid: 7n, id: BigInt(id) });
const END = at(1_000_000);

/** Messages of these keys with the ids 1, 2, 3 and so on. */
async function messages(...keys: string[]): Promise<void> {
  await admin.query(
    spec(`INSERT INTO outbox.message (generation, xid, id, part, topic, key, event_id, tenant_id, traceparent, payload)
          OVERRIDING SYSTEM VALUE
          SELECT 1, '7', rank, $1, $2, key, gen_random_uuid(), 'default', 't', '{"n":"' || rank || '"}'
          FROM unnest($3::text[]) WITH ORDINALITY AS made (key, rank)`),
    [PART, FLEET_EVENTS, keys],
  );
}

const parked = (id: number, changes: Partial<ParkedMessage> = {}): ParkedMessage => ({
  ...{ position: at(id), attempts: 0, waitMs: 0, error: undefined },
  ...changes,
});
const park = (...rows: ParkedMessage[]) =>
  database.transaction((transaction) => table.park(transaction, PART, rows));

async function parkAll(...keys: string[]): Promise<void> {
  await messages(...keys);
  await park(...keys.map((_, index) => parked(index + 1)));
}

const claim = (changes: Partial<Claim> = {}): Promise<RetryRow[]> =>
  table.claim({
    ...{ part: PART, keys: ['a', 'b', 'c'], upTo: END, held: [], token: randomUUID() },
    ...{ leaseTimeMs: LEASE_MS, limit: 100 },
    ...changes,
  });
const claimedIds = async (changes: Partial<Claim> = {}) =>
  (await claim(changes)).map(({ place, eventId }) => place?.id ?? eventId);
const settle = (token: string, settled: readonly SettledRow[]) =>
  database.transaction((transaction) => table.settle(transaction, token, settled));

async function addTimer(eventId: string, key = 'a', dueIn = '0'): Promise<void> {
  await admin.query(
    spec(`INSERT INTO outbox.retry (kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, next_attempt_at)
          VALUES ('timer', $1, $2, $3, $4, 'default', 't', '{}', $4, now() + $5::interval)`),
    [PART, FLEET_EVENTS, key, eventId, dueIn],
  );
}
const states = async () =>
  (await admin.query<{ state: string }>(spec('SELECT state FROM outbox.retry ORDER BY id'))).map(
    ({ state }) => state,
  );
const change = (sql: string) => admin.query(spec(sql));

describe('RetryTable.park', () => {
  it('copies messages with what is known of their failure, and leaves those that are there already', async () => {
    await messages('a', 'b');
    await park(parked(1, { attempts: 1, waitMs: 60_000, error: 'ERR no' }));
    await park(parked(1), parked(2));
    const rows = await admin.query(
      spec(`SELECT kind, state, key, message_id, payload, attempts, last_error, first_attempt_at IS NULL AS untried,
              next_attempt_at > now() + interval '50 s' AS later, deliveries
            FROM outbox.retry ORDER BY id`),
    );
    expect(rows).toEqual([
      {
        ...{ kind: 'parked', state: 'open', key: 'a', message_id: 1n, payload: '{"n":"1"}', attempts: 1 },
        ...{ last_error: 'ERR no', untried: false, later: true, deliveries: 0 },
      },
      {
        ...{ kind: 'parked', state: 'open', key: 'b', message_id: 2n, payload: '{"n":"2"}', attempts: 0 },
        ...{ last_error: null, untried: true, later: false, deliveries: 0 },
      },
    ]);
    expect(await table.highestPlace(PART)).toEqual(at(2));
    expect(await table.highestPlace(PART + 1)).toBeUndefined();
    expect((await table.places(PART, at(2), END)).size).toBe(1);
  });
});

describe('RetryTable.waiting', () => {
  it('tells of each parked key whether its first row is due, and when the next timer is', async () => {
    await messages('a', 'b', 'c', 'a', 'b');
    await park(parked(1), parked(2, { waitMs: 60_000 }), parked(3), parked(4), parked(5));
    await addTimer('late', 'x', '1 hour');
    await addTimer('soon', 'x', '30 seconds');
    await change(`UPDATE outbox.retry SET state = 'dead' WHERE key = 'c'`);
    const waiting = await table.waiting([PART, PART + 1], LEASE_MS);
    const waitOf = (key: string | undefined) => waiting.find((head) => head.key === key)?.waitMs;
    expect(waiting).toHaveLength(4);
    expect(waitOf('a')).toBeLessThanOrEqual(0);
    expect(waitOf('b')).toBeGreaterThan(50_000);
    expect(waitOf('c')).toBeUndefined();
    expect(waitOf(undefined)).toBeGreaterThan(20_000);
    expect(waitOf(undefined)).toBeLessThanOrEqual(30_000);
  });

  it('waits for the end of a lease, of heads and of timers', async () => {
    await parkAll('a');
    await addTimer('t', 'x');
    expect(await claim({ keys: ['a'] })).toHaveLength(2);
    const waits = (await table.waiting([PART], LEASE_MS)).map(({ waitMs = 0 }) => waitMs);
    expect(waits).toHaveLength(2);
    for (const waitMs of waits) expect(waitMs).toBeGreaterThan(LEASE_MS - 10_000);
  });
});

describe('RetryTable.claim', () => {
  it('takes the rows of each key in order, up to one that is not free, under one lease', async () => {
    await parkAll('a', 'b', 'a', 'b', 'a');
    await change(`UPDATE outbox.retry SET state = 'dead' WHERE message_id = 4`);
    const token = randomUUID();
    const rows = await claim({ token });
    expect(rows.map(({ place }) => place?.id)).toEqual([1n, 2n, 3n, 5n]);
    expect(rows.every(({ deliveries }) => deliveries === 1)).toBe(true);
    expect(await claim()).toEqual([]);
    const leases = await admin.query(
      spec('SELECT DISTINCT lease_token FROM outbox.retry WHERE lease_token IS NOT NULL'),
    );
    expect(leases).toEqual([{ lease_token: token }]);
  });

  it('takes nothing behind a head that waits, is dead, is held, or lies behind what is published', async () => {
    await parkAll('a', 'a', 'b', 'b', 'c', 'c');
    await change(
      `UPDATE outbox.retry SET next_attempt_at = now() + interval '1 minute' WHERE message_id = 1`,
    );
    await change(`UPDATE outbox.retry SET state = 'dead' WHERE message_id = 3`);
    await change(`UPDATE outbox.retry SET topic = '${NOTIFICATION_INTENTS}' WHERE message_id = 5`);
    expect(await claimedIds({ held: [NOTIFICATION_INTENTS] })).toEqual([]);
    expect(await claimedIds({ upTo: at(4) })).toEqual([]);
    expect(await claimedIds({ upTo: at(5) })).toEqual([5n]);
  });

  it('takes nothing behind a row that somebody holds locked, even if that row is the first', async () => {
    await parkAll('a', 'a', 'b', 'b');
    await admin.transaction(async (transaction) => {
      await transaction.query(spec('SELECT FROM outbox.retry WHERE message_id IN (1, 4) FOR UPDATE'));
      expect(await claimedIds()).toEqual([3n]);
    });
  });

  it('takes at most the limit, whole from the front', async () => {
    await parkAll('a', 'b', 'a', 'b', 'c');
    expect(await claimedIds({ keys: ['b', 'a'], limit: 3 })).toEqual([1n, 2n, 4n]);
  });

  it('takes a lease that ran out, of parked rows and of timers, and counts the delivery', async () => {
    await parkAll('a');
    await addTimer('t', 'x');
    expect(await claimedIds()).toEqual([1n, 't']);
    expect(await claimedIds()).toEqual([]);
    await change(`UPDATE outbox.retry SET leased_at = now() - interval '2 minutes'`);
    const again = await claim();
    expect(again.map(({ deliveries }) => deliveries)).toEqual([2, 2]);
  });

  it('takes due timers and replays of keys that are not parked', async () => {
    await parkAll('a');
    await addTimer('behind a parked key', 'a');
    await addTimer('later', 'x', '1 minute');
    await addTimer('second', 'x', '-1 second');
    await addTimer('first', 'x', '-2 seconds');
    await change(
      `WITH made AS (INSERT INTO outbox.replay (requested_by, selection, as_new, messages) VALUES ('me', '{}', false, 1) RETURNING id)
       INSERT INTO outbox.retry (kind, part, topic, key, event_id, tenant_id, traceparent, payload, replay_id)
       SELECT 'replay', ${PART}, '${FLEET_EVENTS}', 'y', 'again', 'default', 't', '{}', id FROM made`,
    );
    const rows = await claim({ keys: [] });
    expect(rows.map(({ eventId }) => eventId)).toEqual(['first', 'second', 'again']);
    expect(rows.at(-1)?.dedupeId).toMatch(/^again@\d+$/);
  });

  it('is not had by two at once', async () => {
    await parkAll(...Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 'a' : 'b')));
    const claims = await Promise.all([claim(), claim(), claim()]);
    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('RetryTable.settle', () => {
  it('writes every outcome once, and nothing of rows that are not ours any more', async () => {
    await parkAll('a', 'b', 'c', 'a', 'b');
    const token = randomUUID();
    const rows = await claim({ token });
    await change(`UPDATE outbox.retry SET lease_token = gen_random_uuid() WHERE message_id = 5`);
    const outcomes: SettledRow['outcome'][] = [
      { kind: 'published' },
      { kind: 'refused', waitMs: 60_000, error: 'ERR later' },
      { kind: 'givenUp', reason: 'retry_terminal', attempts: 1, error: 'ERR never' },
      { kind: 'untried' },
      { kind: 'published' },
    ];
    const settled = rows.map((row, index) => ({
      row,
      outcome: outcomes[index] ?? { kind: 'untried' as const },
    }));
    const written = await settle(token, settled);
    expect(rows.map(({ id }) => written.has(id))).toEqual([true, true, true, true, false]);
    const after = await admin.query(
      spec(`SELECT state, attempts, deliveries, last_error, closed_at IS NOT NULL AS closed,
              next_attempt_at > now() + interval '50 s' AS later, lease_token IS NOT NULL AS leased
            FROM outbox.retry ORDER BY message_id`),
    );
    const base = { attempts: 0, deliveries: 1, last_error: null, closed: false, later: false, leased: false };
    expect(after).toEqual([
      { ...base, state: 'published', closed: true },
      { ...base, state: 'open', attempts: 1, last_error: 'ERR later', later: true },
      { ...base, state: 'dead', attempts: 1, last_error: 'ERR never' },
      { ...base, state: 'open', deliveries: 0 },
      { ...base, state: 'open', leased: true },
    ]);
    expect(
      await admin.query(spec('SELECT reason, key, attempts, deliveries, last_error FROM outbox.dead_letter')),
    ).toEqual([{ reason: 'retry_terminal', key: 'c', attempts: 1, deliveries: 1, last_error: 'ERR never' }]);
    expect(await settle(token, settled)).toEqual(new Set());
  });

  it('leaves the row where its letter cannot be written', async () => {
    await parkAll('a');
    const token = randomUUID();
    const [row] = await claim({ token });
    if (row === undefined) throw new Error('nothing was claimed');
    await change(`ALTER TABLE outbox.dead_letter ADD CONSTRAINT spec_ck CHECK (key <> 'a')`);
    try {
      const givenUp: SettledRow = {
        row,
        outcome: { kind: 'givenUp', reason: 'rejected', attempts: 0, error: undefined },
      };
      await expect(settle(token, [givenUp])).rejects.toThrow('spec_ck');
      expect(await states()).toEqual(['open']);
    } finally {
      await change('ALTER TABLE outbox.dead_letter DROP CONSTRAINT spec_ck');
    }
  });
});

describe('RetryTable.reopen', () => {
  it('opens what was published to these streams, also a timer whose id another one has now', async () => {
    await parkAll('a', 'b');
    await addTimer('t');
    await change(
      `UPDATE outbox.retry SET state = 'published', closed_at = now(), deliveries = 4, attempts = 2`,
    );
    await change(`UPDATE outbox.retry SET topic = '${NOTIFICATION_INTENTS}' WHERE key = 'b'`);
    await addTimer('t');
    await database.transaction((transaction) => table.reopen(transaction, PART, [FLEET_EVENTS]));
    expect(await states()).toEqual(['open', 'published', 'open', 'open']);
    const rows = await claim();
    expect(rows.map(({ deliveries, attempts }) => [deliveries, attempts])).toEqual([[1, 0]]);
  });
});
