import { intentFieldsSchema } from '@app/common/contracts';
import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import {
  addLetter,
  addMessage,
  addRow,
  clearOutbox,
  eventIdOf,
  FLEET,
  INTENTS,
  moveCursors,
} from './outbox.testing';

const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
afterAll(() => odo.close());
beforeEach(() => clearOutbox(odo));

const queued = (): Promise<Record<string, unknown>[]> =>
  odo.query(
    `SELECT event_id, topic, key, part, payload, traceparent, state,
       round(extract(epoch FROM next_attempt_at - min(next_attempt_at) OVER ()) * 1000)::integer AS after_ms
     FROM outbox.retry WHERE kind = 'replay' ORDER BY id`,
  );
const idsOf = async (): Promise<unknown[]> => (await queued()).map(({ event_id: id }) => id);

/** Six published messages, one a minute, and one that is not. */
async function published(): Promise<void> {
  for (const n of [1, 2, 3, 4, 5, 6, 7]) {
    const key = n % 2 === 0 ? 'device-0002' : 'device-0001';
    const payload = { n: String(n), ...(n === 6 ? { idempotency_key: 'k6' } : {}) };
    await addMessage(odo, n, { key, topic: n < 5 ? FLEET : INTENTS, payload, at: `2026-01-31T08:0${n}:00Z` });
  }
  await moveCursors(odo, 6);
}

describe('odo outbox replay', () => {
  it('tells first what it would do, and does nothing without --execute', async () => {
    await published();
    const out = await odo.done('outbox', 'replay', '--from', '2026-01-31T08:00:00Z', '--rate', '2');
    expect(out).toBe(
      `${FLEET}: 4, committed 2026-01-31T08:01:00.000Z to 2026-01-31T08:04:00.000Z\n` +
        `${INTENTS}: 2, committed 2026-01-31T08:05:00.000Z to 2026-01-31T08:06:00.000Z\n` +
        '6 would be published again with the same ids, over 3 s (--execute does it)\n',
    );
    expect([await queued(), await odo.query('SELECT * FROM outbox.replay')]).toEqual([[], []]);
    expect((await odo.run('outbox', 'replay', '--execute')).err).toContain('choose by');
    expect((await odo.run('outbox', 'replay', '--id', 'x')).status).toBe(2);
    expect((await odo.run('outbox', 'replay', '--from', '2026-01-31', '--to', '2026-01-30')).status).toBe(2);
  });

  it('queues them in their order and no faster than the rate, with their ids, and says so in the audit', async () => {
    await published();
    const options = ['--topic', FLEET, '--rate', '10', '--execute', '--actor', 'ann'];
    const ran = await odo.one('outbox', 'replay', ...options);
    expect(ran).toMatchObject({ messages: 4, dry_run: false, as_new: false });
    const rows = await queued();
    expect(rows.map(({ event_id: id, after_ms: ms }) => [id, ms])).toEqual([
      [eventIdOf(1), 0],
      [eventIdOf(2), 100],
      [eventIdOf(3), 200],
      [eventIdOf(4), 300],
    ]);
    expect(rows[1]).toMatchObject({
      key: 'device-0002',
      payload: '{"n":"2"}',
      traceparent: 't',
      state: 'open',
    });
    expect(
      await odo.query('SELECT id::text, requested_by, as_new, messages, selection FROM outbox.replay'),
    ).toEqual([
      {
        id: ran['replay'],
        requested_by: 'ann',
        as_new: false,
        messages: 4,
        selection: { topic: FLEET, rate: 10 },
      },
    ]);
    expect(await odo.auditOf(`outbox-replay:${String(ran['replay'])}`)).toMatchObject([
      { action: 'outbox.replay', outcome: 'added', actor: 'ann', after: { messages: 4 } },
    ]);
  });

  it('check 13: sends each to the topic that it was for, and a letter too', async () => {
    await published();
    await odo.done('outbox', 'replay', '--from', '2026-01-31T08:00:00Z', '--execute');
    const topicsById = (await queued()).map(({ event_id: id, topic }) => [id, topic]);
    expect(topicsById).toEqual([1, 2, 3, 4, 5, 6].map((n) => [eventIdOf(n), n < 5 ? FLEET : INTENTS]));
    await clearOutbox(odo);
    for (const [n, topic] of [FLEET, INTENTS].entries()) {
      await addLetter(odo, await addRow(odo, n + 1, { state: 'dead', topic, key: `device-000${n}` }));
    }
    await odo.done('outbox', 'dlq', 'replay', '--all');
    expect(await odo.query(`SELECT topic, state FROM outbox.retry ORDER BY id`)).toEqual([
      { topic: FLEET, state: 'open' },
      { topic: INTENTS, state: 'open' },
    ]);
  });

  it('gives them ids of their own as new, in the message and in its key of idempotency', async () => {
    await published();
    const { replay } = await odo.one('outbox', 'replay', '--topic', INTENTS, '--as-new', '--execute');
    const rows = await queued();
    expect(rows.map(({ event_id: id }) => id)).toEqual(
      [5, 6].map((n) => `${eventIdOf(n)}#r${String(replay)}`),
    );
    // As their consumer reads it.
    for (const { event_id: id } of rows)
      expect(intentFieldsSchema.shape.event_id.safeParse(id).success).toBe(true);
    expect(rows.map(({ payload }) => JSON.parse(String(payload)) as unknown)).toEqual([
      { n: '5' },
      { n: '6', idempotency_key: `k6#r${String(replay)}` },
    ]);
  });

  it.each<[string[], number[]]>([
    [['--id', eventIdOf(3)], [3]],
    [
      ['--key', 'device-0002'],
      [2, 4, 6],
    ],
    [['--key', 'device-0002', '--topic', INTENTS], [6]],
    [
      ['--from', '2026-01-31T08:03:00Z', '--to', '2026-01-31T08:05:00Z'],
      [3, 4],
    ],
    [['--id', eventIdOf(7)], []],
    [['--id', eventIdOf(99)], []],
  ])('chooses by %j', async (options, expected) => {
    await published();
    await odo.done('outbox', 'replay', ...options, '--execute');
    expect(await idsOf()).toEqual(expected.map(eventIdOf));
  });

  it('takes a message as new whose payload is none, for the relay to refuse', async () => {
    await published();
    await odo.query(`UPDATE outbox.message SET payload = 'no json' WHERE event_id = '${eventIdOf(6)}'`);
    const { replay } = await odo.one('outbox', 'replay', '--id', eventIdOf(6), '--as-new', '--execute');
    expect(await queued()).toMatchObject([
      { event_id: `${eventIdOf(6)}#r${String(replay)}`, payload: 'no json' },
    ]);
  });

  it('leaves what still waits in the retry lane, and takes what was published there, timers too', async () => {
    await published();
    await addRow(odo, 1, { state: 'open' });
    await addRow(odo, 3, { state: 'skipped' });
    await odo.query(
      `UPDATE outbox.retry SET message_id = (SELECT id FROM outbox.message WHERE event_id::text = retry.event_id)`,
    );
    await addRow(odo, 50, { kind: 'timer', state: 'published' });
    await addRow(odo, 51, { kind: 'timer', state: 'open' });
    await odo.done('outbox', 'replay', '--key', 'device-0001', '--execute');
    expect(await idsOf()).toEqual([5, 50].map(eventIdOf));
    // Given up by an operator, it comes back where it is asked for by name.
    await odo.done('outbox', 'replay', '--id', eventIdOf(3), '--execute');
    expect(await idsOf()).toEqual([5, 50, 3].map(eventIdOf));
  });
});
