import pino from 'pino';
import { Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { OutboxTidier } from './outbox-tidier';

const HOUR_MS = 3_600_000;
const logger = pino({ level: 'silent' });
const servers = testServers();
let admin: Database;
let database: Database;
let tidier: OutboxTidier;

const databaseOn = (url: string): Database =>
  new Database({
    ...{ url, poolSize: 2, applicationName: 'tidier-spec', startupTimeoutMs: 5_000, logger },
    usePreparedStatements: false,
  });
const run = (text: string, params: unknown[] = []) =>
  admin.query<Record<string, unknown>>({ name: 'spec', text }, params);

beforeAll(() => {
  admin = databaseOn(servers.postgresUrl());
  database = databaseOn(servers.postgresUrl('odograph_relay'));
  tidier = new OutboxTidier({ keepMs: 24 * HOUR_MS, deadLetterKeepMs: 24 * HOUR_MS }, database);
});
afterAll(() => Promise.all([admin.stop(1_000), database.stop(1_000)]));

const retry = (
  key: string,
  kind: string,
  state: string,
  closedHours: number | null,
  messageId: bigint | null = null,
) =>
  run(
    `INSERT INTO outbox.retry (kind, state, part, generation, xid, message_id, topic, key, event_id, tenant_id, traceparent,
       payload, closed_at)
     SELECT $2, $3, 4, m.generation, m.xid, m.id, 't', $1, 'e', 'default', 't', '{}', now() - $4::integer * interval '1 hour'
     FROM (SELECT) AS one LEFT JOIN (
       SELECT 1 AS generation, coalesce((SELECT xid FROM outbox.message WHERE id = $5::bigint), '3') AS xid, $5::bigint AS id
     ) AS m ON m.id IS NOT NULL`,
    [key, kind, state, closedHours, messageId],
  );

describe('OutboxTidier', () => {
  it('deletes closed retry rows once they are old and their message is gone', async () => {
    const [message] = await run(
      `INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
       VALUES (1, 4, 'fleet:events', 'k', gen_random_uuid(), 'default', 't', '{}') RETURNING id`,
    );
    await retry('timer, old', 'timer', 'published', 25);
    await retry('timer, recent', 'timer', 'cancelled', 23);
    await retry('timer, open', 'timer', 'open', null);
    await retry('parked, its message gone', 'parked', 'published', 25, 999_999n);
    await retry('parked, its message kept', 'parked', 'published', 25, BigInt(String(message?.['id'])));
    await retry('parked, dead', 'parked', 'dead', null, 999_998n);
    await tidier.deleteClosedRetries();
    expect((await run('SELECT key FROM outbox.retry ORDER BY id')).map(({ key }) => String(key))).toEqual([
      ...['timer, recent', 'timer, open', 'parked, its message kept', 'parked, dead'],
    ]);
  });

  it('deletes more than one batch', async () => {
    await run(
      `INSERT INTO outbox.retry (kind, state, part, topic, key, event_id, tenant_id, traceparent, payload, closed_at)
       SELECT 'timer', 'published', 0, 't', 'many', 'e', 'default', 't', '{}', now() - interval '2 days' FROM generate_series(1, 2500)`,
    );
    await tidier.deleteClosedRetries();
    expect(await run(`SELECT FROM outbox.retry WHERE key = 'many'`)).toEqual([]);
  });

  it('makes the next month of dead letters and drops what is kept no longer', async () => {
    const tableOf = (months: number) =>
      `'outbox.dead_letter_' || to_char(now() + interval '1 month' * ${months}, 'YYYYMM')`;
    const exists = async (months: number) =>
      (await run(`SELECT to_regclass(${tableOf(months)}) IS NOT NULL AS yes`))[0]?.['yes'];
    await run(
      `INSERT INTO outbox.dead_letter (failed_at, reason, retry_id, kind, part, topic, key, event_id, tenant_id, traceparent,
         payload, created_at, deliveries, attempts, resolved_at, resolution)
       VALUES (now() - interval '3 months', 'rejected', 1, 'parked', 0, 't', 'k', 'e', 'default', 't', '{}', now(), 1, 1, now(), 'skipped')`,
    );
    await run(`DO $$ BEGIN EXECUTE 'DROP TABLE ' || ${tableOf(1)}; END $$`);
    await tidier.rotateDeadLetters();
    expect(await exists(1)).toBe(true);
    expect(await exists(-3)).toBe(false);
    expect(await run('SELECT FROM outbox.dead_letter')).toEqual([]);
  });

  it('counts the slots that are old enough and still full, by why they are', async () => {
    await run('TRUNCATE outbox.message, ops.ledger_hour');
    const write = (hours: number, part: number) =>
      run(
        `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload)
         VALUES ((extract(epoch FROM now())::bigint / 3600 - $1) % 48, 1, $2, 'fleet:events', 'k', gen_random_uuid(), 'default', 't', '{}')`,
        [hours, part],
      );
    await write(30, 1);
    await write(31, 1);
    await run(
      `UPDATE outbox.cursor SET (generation, xid, id) = (SELECT generation, xid, id FROM outbox.message ORDER BY id DESC LIMIT 1)
       WHERE part = 1`,
    );
    await write(40, 2);
    await write(3, 2);
    expect(await tidier.reclaim()).toEqual({ unread: 1, unclosed: 2 });
    await run(
      `INSERT INTO ops.ledger_hour (hour, generation, xid) SELECT to_timestamp((extract(epoch FROM now())::bigint / 3600 - 30) * 3600), 1, pg_current_xact_id()`,
    );
    expect(await tidier.reclaim()).toEqual({ unread: 1, unclosed: 1 });
  });
});
