import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxTopic } from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(async () => {
  await streams.close();
  await odo.close();
});
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
  redis: () => servers.redisUrl,
});
let streams: RedisStreams;
beforeAll(async () => {
  streams = new RedisStreams({
    url: servers.redisUrl,
    ...{ fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 },
  });
  await streams.start();
});
const MINUTE_MS = 60_000;
/** Messages are of whole minutes before it, whatever the clock does during a test. */
let now = new Date();

// What stays in the streams is of messages that are gone.
beforeEach(async () => {
  now = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
  await odo.query(
    `TRUNCATE outbox.message, outbox.retry, ops.ledger_hour, ops.event_ledger, notification.record,
       notification.malformed_intent CASCADE`,
  );
  await odo.query(`UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0`);
});

const finding = z.object({
  ...{ kind: z.string(), stage: z.string(), topic: z.string(), part: z.number(), messages: z.number() },
  ...{ from: z.iso.datetime(), to: z.iso.datetime(), event_ids: z.array(z.string()) },
});
const answer = z.object({
  totals: z.array(z.record(z.string(), z.unknown())),
  findings: z.array(finding),
  parked: z.array(finding),
  minutes: z.array(z.looseObject({ status: z.string(), source: z.string() })),
  unknown_hours: z.array(z.string()),
});

async function audit(...args: string[]): Promise<z.infer<typeof answer> & { status: number; err: string }> {
  const { status, out, err } = await odo.run('outbox', 'audit', '--json', ...args);
  return { ...answer.parse(JSON.parse(out)), status, err };
}

interface Written {
  readonly topic?: OutboxTopic;
  readonly minutesAgo?: number;
  readonly eventId?: string;
  readonly payload?: string;
}

/** Writes a message of part 3 as its producer does, some minutes ago. */
async function write(written: Written = {}): Promise<string> {
  const { topic = FLEET_EVENTS, minutesAgo = 5, eventId = randomUUID(), payload = '{}' } = written;
  await odo.query(
    `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
     SELECT (extract(epoch FROM at)::bigint / 3600) % 48, 1, 3, $2, 'k', $3, 'default', 't', $4, at
     FROM (SELECT $1::timestamptz AS at) AS written`,
    [new Date(now.getTime() - minutesAgo * MINUTE_MS), topic, eventId, payload],
  );
  return eventId;
}

/** The relay has moved its cursor past all that there is. */
const pass = () =>
  odo.query(
    `UPDATE outbox.cursor SET (generation, xid, id) =
       (SELECT generation, xid, id FROM outbox.message ORDER BY generation DESC, xid DESC, id DESC LIMIT 1)
     WHERE part = 3`,
  );
const publish = (eventId: string, topic: OutboxTopic = FLEET_EVENTS) =>
  streams.append(topic, { event_id: eventId });
const accept = (eventId: string | null, idempotencyKey: string = randomUUID()) =>
  odo.query(
    `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
       recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at, event_id)
     VALUES (gen_random_uuid(), 'default', 't', 'p', 'user', '{u}', $2, 'f', 's', '{}', 't', now(), $1)`,
    [eventId, idempotencyKey],
  );
const park = (eventId: string, state: string) =>
  odo.query(
    `INSERT INTO outbox.retry (kind, state, part, generation, xid, message_id, topic, key, event_id, tenant_id, traceparent,
       payload, closed_at)
     SELECT 'parked', $2, part, generation, xid, id, topic, key, event_id, tenant_id, traceparent, payload,
       CASE WHEN $2 NOT IN ('open', 'dead') THEN now() END
     FROM outbox.message WHERE event_id = $1`,
    [eventId, state],
  );

describe('odo outbox audit', () => {
  it('finds that all is where it should be, whichever way it went', async () => {
    const events = [await write(), await write({ minutesAgo: 6 })];
    for (const eventId of events) await publish(eventId);
    const standing = await write({ topic: NOTIFICATION_INTENTS });
    await publish(standing, NOTIFICATION_INTENTS);
    await accept(standing);
    const accepted = await write({ topic: NOTIFICATION_INTENTS });
    await accept(accepted);
    const malformed = await write({ topic: NOTIFICATION_INTENTS });
    await odo.query(
      `INSERT INTO notification.malformed_intent (stream_entry_id, fields_digest, code, message, raw_fields, event_id)
       VALUES ('1-1', 'd', 'c', 'm', '{}', $1)`,
      [malformed],
    );
    // Accepted by an app that did not know the column yet.
    const payload = JSON.stringify({ producer: 'p', idempotency_key: 'unnamed' });
    await write({ topic: NOTIFICATION_INTENTS, payload });
    await accept(null, 'unnamed');
    await pass();
    const told = await audit('--since', '10m');
    expect(told).toMatchObject({ status: 0, findings: [], parked: [], minutes: [], unknown_hours: [] });
    expect(told.totals).toEqual([
      expect.objectContaining({ topic: FLEET_EVENTS, committed: 2, published: 2, consumed: 2, waiting: 0 }),
      expect.objectContaining({ topic: NOTIFICATION_INTENTS, committed: 4, published: 4, consumed: 4 }),
    ]);
    expect((await audit('--since', '10m', '--all')).minutes).toHaveLength(3);
    expect(await odo.done('outbox', 'audit')).toMatch(/nothing is lost and nothing is doubled\n$/);
  });

  it('expects what an operator had published again to stand there twice, and no more often', async () => {
    const [replayed, filled, underWay] = [await write(), await write(), await write()];
    for (const eventId of [replayed, replayed, filled, underWay, underWay]) await publish(eventId);
    await pass();
    await odo.query(
      `WITH replay AS (
         INSERT INTO outbox.replay (requested_by, selection, as_new, messages) VALUES ('me', '{}', false, 3) RETURNING id
       )
       INSERT INTO outbox.retry (kind, state, part, topic, key, event_id, tenant_id, traceparent, payload, replay_id,
         closed_at, lease_token, leased_at)
       SELECT 'replay', CASE WHEN done THEN 'published' ELSE 'open' END, 3, '${FLEET_EVENTS}', 'k', event_id, 'default', 't',
         '{}', replay.id, CASE WHEN done THEN now() END, CASE WHEN NOT done THEN gen_random_uuid() END,
         CASE WHEN NOT done THEN now() END
       FROM replay, unnest($1::text[], $2::boolean[]) AS row (event_id, done)`,
      [
        [replayed, filled, underWay],
        [true, true, false],
      ],
    );
    expect(await audit('--since', '10m')).toMatchObject({ status: 0, findings: [] });
    await publish(replayed);
    expect(await audit('--since', '10m')).toMatchObject({
      status: 1,
      findings: [{ kind: 'doubled', event_ids: [replayed] }],
    });
  });

  it('names a message that is gone from its stream: when, where, and which', async () => {
    const [kept, gone, earlier] = [await write(), await write(), await write({ minutesAgo: 6 })];
    await publish(kept);
    const entryId = await publish(gone);
    await pass();
    await streams.resolveLetter(FLEET_EVENTS, entryId);
    const { status, findings, totals } = await audit('--since', '10m');
    expect(status).toBe(1);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      ...{ kind: 'lost', stage: 'consumed', topic: FLEET_EVENTS, part: 3, messages: 2 },
      event_ids: [earlier, gone],
    });
    const [range] = findings;
    expect(Date.parse(range?.to ?? '') - Date.parse(range?.from ?? '')).toBe(2 * MINUTE_MS);
    expect(totals[0]).toMatchObject({ committed: 3, published: 3, consumed: 1 });
    const { status: textStatus, out } = await odo.run('outbox', 'audit');
    expect(textStatus).toBe(1);
    expect(out).toMatch(new RegExp(`lost: 2 of fleet:events, part 3, from .*stage consumed.*${gone}`));
    expect((await audit('--ids', '1')).findings[0]?.event_ids).toHaveLength(1);
  });

  it('names an entry that is there twice, in either stream', async () => {
    const [event, intent] = [await write(), await write({ topic: NOTIFICATION_INTENTS })];
    for (let time = 0; time < 2; time += 1) {
      await publish(event);
      await publish(intent, NOTIFICATION_INTENTS);
    }
    await accept(intent);
    await pass();
    const { status, findings } = await audit();
    expect(status).toBe(1);
    expect(findings).toMatchObject([
      { kind: 'doubled', topic: FLEET_EVENTS, messages: 1, event_ids: [event] },
      { kind: 'doubled', topic: NOTIFICATION_INTENTS, messages: 1, event_ids: [intent] },
    ]);
    expect((await audit('--topic', FLEET_EVENTS)).findings).toHaveLength(1);
  });

  it('takes no entry for a double that its producer has written twice, even an hour apart', async () => {
    const eventId = await write();
    await write({ eventId });
    await write({ eventId, minutesAgo: 125 });
    for (let time = 0; time < 3; time += 1) await publish(eventId);
    await pass();
    expect(await audit('--since', '1h')).toMatchObject({ status: 0, findings: [] });
  });

  it('names an intent whose record is gone', async () => {
    const [kept, gone] = [
      await write({ topic: NOTIFICATION_INTENTS }),
      await write({ topic: NOTIFICATION_INTENTS }),
    ];
    await accept(kept);
    await accept(gone);
    await pass();
    expect(await audit()).toMatchObject({ status: 0, findings: [] });
    await odo.query('DELETE FROM notification.record WHERE event_id = $1', [gone]);
    expect(await audit()).toMatchObject({
      status: 1,
      findings: [{ kind: 'lost', topic: NOTIFICATION_INTENTS, event_ids: [gone] }],
    });
  });

  it('names parked messages as parked, and counts as settled what an operator skipped', async () => {
    const [parked, dead, skipped] = [await write(), await write(), await write()];
    await park(parked, 'open');
    await park(dead, 'dead');
    await park(skipped, 'skipped');
    await pass();
    const told = await audit();
    expect(told).toMatchObject({ status: 0, findings: [], parked: [{ kind: 'parked', messages: 2 }] });
    expect(told.parked[0]?.event_ids).toEqual([parked, dead].sort());
    expect(told.totals[0]).toMatchObject({ committed: 3, published: 0, consumed: 0, parked: 2, skipped: 1 });
    expect((await odo.run('outbox', 'audit')).out).toMatch(/parked: 2 of .*\(not lost\)/);
    // What the retry lane closes while the streams are read may not have been seen there.
    await odo.query(
      `UPDATE outbox.retry SET state = 'published', closed_at = now() + interval '1 minute' WHERE event_id = $1`,
      [parked],
    );
    expect(await audit()).toMatchObject({ status: 0, parked: [{ messages: 2 }] });
    // Once the retry lane has published it, it has to be there.
    await odo.query(`UPDATE outbox.retry SET state = 'published', closed_at = now() WHERE event_id = $1`, [
      parked,
    ]);
    expect(await audit()).toMatchObject({ status: 1, findings: [{ kind: 'lost', event_ids: [parked] }] });
    await publish(parked);
    expect(await audit()).toMatchObject({ status: 0, findings: [] });
  });

  it('shows minutes that are still open as such, and finds nothing in them', async () => {
    const read = await write();
    await publish(read);
    await pass();
    await write();
    await write({ minutesAgo: 0 });
    const { status, findings, minutes, totals } = await audit();
    expect({ status, findings }).toEqual({ status: 0, findings: [] });
    expect(minutes.map((minute) => minute.status)).toEqual(['open', 'open']);
    expect(totals[0]).toMatchObject({ committed: 3, published: 1, consumed: 1, waiting: 2 });
  });

  it('goes by the ledger for hours whose messages are gone, and says of which hours it knows nothing', async () => {
    await odo.query(
      `INSERT INTO ops.ledger_hour (hour, generation, xid)
       SELECT date_bin('1 hour', now(), 'epoch') - n * interval '1 hour', 1, '5' FROM generate_series(1, 60) AS n`,
    );
    const close = (hoursAgo: number, tallies: readonly (readonly [string, number, number])[]) =>
      odo.query(
        `INSERT INTO ops.event_ledger (minute, topic, part, stage, count, hash)
         SELECT date_bin('1 hour', now(), 'epoch') - $1 * interval '1 hour', $2, 3, stage, count, hash
         FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS t (stage, count, hash)`,
        [
          hoursAgo,
          FLEET_EVENTS,
          tallies.map((t) => t[0]),
          tallies.map((t) => t[1]),
          tallies.map((t) => t[2]),
        ],
      );
    await close(50, [
      ['committed', 5, 7],
      ['published', 4, 6],
      ['skipped', 1, 1],
      ['consumed', 4, 6],
    ]);
    await close(51, [
      ['committed', 5, 7],
      ['published', 5, 7],
    ]);
    const { status, minutes, unknown_hours: unknown, totals, err } = await audit('--since', '3d', '--all');
    expect(status).toBe(0);
    expect(minutes).toMatchObject([
      { status: 'unknown', source: 'ledger', consumed: null },
      {
        status: 'even',
        source: 'ledger',
        hashes: { committed: '0000000000000007', consumed: '0000000000000006' },
      },
    ]);
    expect(totals).toMatchObject([{ committed: 10, consumed: null }]);
    expect(unknown.length).toBeGreaterThanOrEqual(11);
    expect(err).toMatch(/hours are in no ledger/);

    await close(52, [
      ['committed', 5, 7],
      ['published', 5, 7],
      ['consumed', 4, 3],
    ]);
    await close(53, [
      ['committed', 5, 7],
      ['published', 5, 7],
      ['consumed', 5, 8],
    ]);
    const found = await audit('--since', '3d');
    expect(found.status).toBe(1);
    expect(found.findings.map(({ kind, messages, event_ids: ids }) => [kind, messages, ids])).toEqual([
      ...[
        ['lost', 1, []],
        ['lost', 1, []],
        ['doubled', 1, []],
      ],
    ]);
  });

  it('refuses what is no topic and no time', async () => {
    expect((await odo.run('outbox', 'audit', '--topic', 'mine')).status).toBe(2);
    expect((await odo.run('outbox', 'audit', '--since', 'yesterday')).status).toBe(2);
  });
});
