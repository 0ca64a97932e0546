import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { eventHash, FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxTopic } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { LedgerKeeper } from './ledger';

const HOUR_MS = 3_600_000;
const logger = pino({ level: 'silent' });
const servers = testServers();
let admin: Database;
let database: Database;
let streams: MemoryStreams;

const databaseOn = (url: string): Database =>
  new Database({
    ...{ url, poolSize: 2, applicationName: 'ledger-spec', startupTimeoutMs: 5_000, logger },
    usePreparedStatements: false,
  });
const run = (text: string, params: unknown[] = []) =>
  admin.query<Record<string, unknown>>({ name: 'spec', text }, params);

beforeAll(() => {
  admin = databaseOn(servers.postgresUrl());
  database = databaseOn(servers.postgresUrl('odograph_relay'));
});
afterAll(() => Promise.all([admin.stop(1_000), database.stop(1_000)]));
beforeEach(async () => {
  streams = new MemoryStreams(new MemoryServer());
  await run(
    'TRUNCATE outbox.message, outbox.retry, ops.ledger_hour, ops.event_ledger, notification.record CASCADE',
  );
  await run(`UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0`);
});

const keeper = (keepMs = 24 * HOUR_MS, ledgerKeepMs = 31 * 24 * HOUR_MS) =>
  new LedgerKeeper({ keepMs, streamKeepMs: 24 * HOUR_MS, ledgerKeepMs }, database, streams, logger);

/** A message that was written so many hours ago, at the half hour. */
async function write(hours: number, topic: OutboxTopic = FLEET_EVENTS): Promise<string> {
  const eventId = randomUUID();
  await run(
    `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
     SELECT (extract(epoch FROM at)::bigint / 3600) % 48, 1, 3, $2, 'k', $3, 'default', 't', '{}', at
     FROM (SELECT date_bin('1 hour', now(), 'epoch') - $1 * interval '1 hour' + interval '30 minutes' AS at) AS written`,
    [hours, topic, eventId],
  );
  return eventId;
}
const passAll = () =>
  run(
    `UPDATE outbox.cursor AS cursor SET (generation, xid, id) = (SELECT generation, xid, id FROM outbox.message ORDER BY id DESC LIMIT 1)
     WHERE part = 3`,
  );
const closedHours = async () =>
  (
    await run(
      `SELECT (extract(epoch FROM date_bin('1 hour', now(), 'epoch') - hour) / 3600)::integer AS ago FROM ops.ledger_hour ORDER BY hour DESC`,
    )
  ).map(({ ago }) => Number(ago));
const ledger = () =>
  run('SELECT topic, stage, count::integer, hash FROM ops.event_ledger ORDER BY topic, stage');
const xor = (...ids: string[]) => ids.reduce((all, id) => all ^ eventHash(id), 0n);

describe('LedgerKeeper', () => {
  it('closes an hour whose messages are all where they should be, by count and by hash', async () => {
    const events = [await write(2), await write(2)];
    const intents = [await write(2, NOTIFICATION_INTENTS), await write(2, NOTIFICATION_INTENTS)];
    await passAll();
    for (const eventId of events) await streams.append(FLEET_EVENTS, { event_id: eventId });
    // One was accepted and is gone from its stream, the other one stands there.
    await streams.append(NOTIFICATION_INTENTS, { event_id: intents[0] ?? '' });
    await run(
      `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
         recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at, event_id)
       VALUES (gen_random_uuid(), 'default', 't', 'p', 'user', '{u}', 'k', 'f', 's', '{}', 't', now(), $1)`,
      [intents[1]],
    );
    expect(await keeper().close()).toEqual({});
    expect(await closedHours()).toContain(2);
    expect(await ledger()).toEqual(
      [
        { topic: FLEET_EVENTS, ids: events },
        { topic: NOTIFICATION_INTENTS, ids: intents },
      ].flatMap(({ topic, ids }) =>
        ['committed', 'consumed', 'published'].map((stage) => ({
          topic,
          stage,
          count: 2,
          hash: xor(...ids),
        })),
      ),
    );
  });

  it('leaves an hour open that is not wholly published, or uneven, until its slot is due', async () => {
    const ids = [await write(2), await write(2), await write(2)];
    expect(await keeper().close()).toEqual({ unread: 1 });
    await passAll();
    await streams.append(FLEET_EVENTS, { event_id: ids[0] ?? '' });
    await streams.append(FLEET_EVENTS, { event_id: ids[1] ?? '' });
    expect(await keeper().close()).toEqual({ uneven: 1 });
    expect(await closedHours()).not.toContain(2);
    // What it closes then says what was lost.
    expect(await keeper(HOUR_MS).close()).toEqual({});
    expect(await closedHours()).toContain(2);
    expect(await ledger()).toMatchObject([
      { stage: 'committed', count: 3, hash: xor(...ids) },
      { stage: 'consumed', count: 2, hash: xor(...ids.slice(0, 2)) },
      { stage: 'published', count: 3, hash: xor(...ids) },
    ]);
  });

  it('counts as published only what both had been when the streams were read, and still is', async () => {
    await write(2);
    const stagesAt = async (cursorId: string) => {
      const [row] = await run(
        `SELECT published::integer, unread::integer FROM ops.event_census(
           date_bin('1 hour', now(), 'epoch') - interval '2 hours', now(),
           '{3}', '{1}', (SELECT array_agg(xid) FROM outbox.message), ARRAY[${cursorId}]::bigint[], '{}', '{}', 'infinity', 0)`,
      );
      return row;
    };
    const atMessage = '(SELECT id FROM outbox.message)';
    // A cursor that has gone back since, after a Redis that lost its tail.
    expect(await stagesAt(atMessage)).toEqual({ published: 0, unread: 1 });
    await passAll();
    // One that has only come this far since.
    expect(await stagesAt(`${atMessage} - 1`)).toEqual({ published: 0, unread: 1 });
    expect(await stagesAt(atMessage)).toEqual({ published: 1, unread: 0 });
  });

  it('never closes an hour with a message in front of which a cursor stands, however old it is', async () => {
    await write(30);
    expect(await keeper(HOUR_MS).close()).toEqual({ unread: 1 });
    expect(await closedHours()).not.toContain(30);
  });

  it('says nothing of a stream that may have been trimmed', async () => {
    await write(26);
    await passAll();
    expect(await keeper().close()).toEqual({});
    expect(await ledger()).toMatchObject([{ stage: 'committed' }, { stage: 'published' }]);
  });

  it('counts what a slot still holds of two days before with it, each hour for itself', async () => {
    const [old, recent] = [await write(50), await write(2)];
    await passAll();
    await streams.append(FLEET_EVENTS, { event_id: recent });
    expect(await keeper().close()).toEqual({});
    expect(await closedHours()).toEqual(expect.arrayContaining([2, 50]));
    expect(await ledger()).toMatchObject([
      ...[{ stage: 'committed' }, { stage: 'committed' }, { stage: 'consumed', hash: xor(recent) }],
      ...[{ stage: 'published' }, { stage: 'published' }],
    ]);
    expect((await ledger()).filter(({ hash }) => hash === xor(old))).toHaveLength(2);
  });

  it('forgets hours that are too old, with their minutes', async () => {
    await write(2);
    await passAll();
    await run(
      `INSERT INTO ops.ledger_hour (hour, generation, xid) SELECT date_bin('1 hour', now(), 'epoch') - n * interval '1 hour', 1, '5'
       FROM generate_series(40, 100) AS n`,
    );
    await run(
      `INSERT INTO ops.event_ledger SELECT date_bin('1 hour', now(), 'epoch') - n * interval '1 hour' + interval '59 min', 't', 0, 'committed', 1, 1
       FROM generate_series(40, 100) AS n`,
    );
    await keeper(HOUR_MS, 48 * HOUR_MS).close();
    expect(Math.max(...(await closedHours()))).toBeLessThanOrEqual(48);
    expect(await run(`SELECT FROM ops.event_ledger WHERE topic = 't'`)).toHaveLength(8);
  });
});

it('hashes event ids as the database does', async () => {
  const ids = ['', 'é#r12', ...Array.from({ length: 50 }, () => randomUUID())];
  const rows = await admin.query<{ hash: bigint }>(
    statement(
      'spec_hashes',
      'SELECT ops.event_hash(id) AS hash FROM unnest($1::text[]) WITH ORDINALITY AS t (id, n) ORDER BY n',
    ),
    [ids],
  );
  expect(rows.map(({ hash }) => hash)).toEqual(ids.map(eventHash));
});
