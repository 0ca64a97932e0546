import { Client } from 'pg';
import fc from 'fast-check';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxDraft, partOf } from '@app/common/contracts';
import { type Database, type Transaction } from '@app/common/database';
import { eventually, signal, testServers } from '@app/common/testing';
import { append, appendBatch, OUTBOX_CHANNEL } from './append';
import { draft, outboxDatabase, spec } from './outbox.testing';
import {
  type Activation,
  cancelTimer,
  checkTimerOptions,
  type TimerOptions,
  type TimerOutcome,
} from './timers';

const servers = testServers();
let producer: Database;
let admin: Database;

beforeAll(() => {
  producer = outboxDatabase(servers.postgresUrl('odograph_processor'));
  admin = outboxDatabase(servers.postgresUrl());
});
afterAll(() => Promise.all([producer.stop(1_000), admin.stop(1_000)]));
afterEach(() => admin.query(spec('TRUNCATE outbox.message, outbox.retry CASCADE')));

interface TimerRow {
  kind: string;
  state: string;
  part: number;
  topic: string;
  key: string;
  event_id: string;
  timer_id: string | null;
  payload: string;
  in_ms: number;
  closed: boolean;
}
const timers = (): Promise<TimerRow[]> =>
  admin.query<TimerRow>(
    spec(`SELECT kind, state, part, topic, key, event_id, timer_id, payload, closed_at IS NOT NULL AS closed,
            (extract(epoch FROM next_attempt_at - clock_timestamp()) * 1000)::float AS in_ms
          FROM outbox.retry ORDER BY id`),
  );
const messageCount = async (): Promise<number> =>
  (await admin.query(spec('SELECT 1 FROM outbox.message'))).length;

const set = (message: OutboxDraft, options: TimerOptions): Promise<TimerOutcome> =>
  producer.transaction((transaction) => append(transaction, message, options));
const cancel = (timerId: string, topic = FLEET_EVENTS): Promise<boolean> =>
  producer.transaction((transaction) =>
    cancelTimer(transaction, {
      topic: topic === FLEET_EVENTS ? FLEET_EVENTS : NOTIFICATION_INTENTS,
      timerId,
    }),
  );
const claim = (): Promise<unknown> =>
  admin.query(
    spec(`UPDATE outbox.retry SET lease_token = gen_random_uuid(), leased_at = now() WHERE state = 'open'`),
  );

describe('A timer', () => {
  it("is a row of the retry lane in its key's part, due on the clock of the database, and no message", async () => {
    const message = draft('some key');
    expect(await set(message, { activateIn: 90_000, timerId: 'watch' })).toBe('set');
    const [row, ...others] = await timers();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      ...{ kind: 'timer', state: 'open', part: partOf('some key'), topic: FLEET_EVENTS, key: 'some key' },
      ...{ event_id: message.eventId, timer_id: 'watch' },
    });
    expect(JSON.parse(row?.payload ?? '')).toEqual(message.fields);
    expect(row?.in_ms).toBeGreaterThan(60_000);
    expect(row?.in_ms).toBeLessThanOrEqual(90_000);
    expect(await messageCount()).toBe(0);
  });

  it('counts its time from the append, not from the begin of the transaction', async () => {
    await producer.transaction(async (transaction) => {
      await transaction.query(spec('SELECT pg_sleep(0.3)'));
      await append(transaction, draft(), { activateIn: 200 });
    });
    const [row] = await admin.query<{ late: boolean }>(
      spec(`SELECT next_attempt_at - created_at > interval '450 ms' AS late FROM outbox.retry`),
    );
    expect(row?.late).toBe(true);
  });

  it.each<[string, Activation]>([
    ['a Date', { activateAt: new Date('2031-03-01T10:00:00Z') }],
    ['a text with Z', { activateAt: '2031-03-01T10:00:00Z' }],
    ['a text with an offset', { activateAt: '2031-03-01T12:30:00+02:30' }],
  ])('is due at the moment that %s names', async (_what, activation) => {
    await producer.transaction((transaction) =>
      appendBatch(transaction, [draft('a'), draft('b')], activation),
    );
    const rows = await admin.query<{ at: Date }>(spec('SELECT next_attempt_at AS at FROM outbox.retry'));
    expect(rows.map(({ at }) => at.toISOString())).toEqual(Array(2).fill('2031-03-01T10:00:00.000Z'));
  });

  const bad: [string, object][] = [
    ['a local time', { activateAt: '2031-03-01T10:00:00' }],
    ['a date', { activateAt: '2031-03-01' }],
    ['a day that is none', { activateAt: '2031-02-30T10:00:00Z' }],
    ['no time at all', { activateAt: new Date(Number.NaN) }],
    ['a time that PostgreSQL does not read', { activateAt: new Date(8.64e15) }],
    ['a negative time', { activateIn: -1 }],
    ['half a millisecond', { activateIn: 0.5 }],
    ['more than ten years', { activateIn: 1e15 }],
    ['both times', { activateIn: 1, activateAt: new Date() }],
    ['neither a time nor a name', {}],
    ['an empty name', { activateIn: 1, timerId: '' }],
    ['a name of 256 characters', { activateIn: 1, timerId: 'x'.repeat(256) }],
    ['an option that is none', { activateIn: 1, queue: 'q' }],
  ];
  it.each(bad)('is refused with %s, before any write', async (_what, options) => {
    await producer.transaction(async (transaction) => {
      const attempt = append(transaction, draft(), options as TimerOptions);
      await expect(attempt).rejects.toMatchObject({ code: 'OUTBOX_MESSAGE_INVALID' });
      await append(transaction, draft());
    });
    expect([await timers(), await messageCount()]).toEqual([[], 1]);
  });

  it('is refused where its message is none, also in an empty or half-good batch', async () => {
    const wrong = { ...draft(), topic: 'no:such:stream' } as unknown as OutboxDraft;
    await producer.transaction(async (transaction) => {
      for (const attempt of [
        append(transaction, wrong, { activateIn: 1 }),
        appendBatch(transaction, [draft(), wrong], { activateIn: 1 }),
        appendBatch(transaction, [], { activateAt: '2031-03-01T10:00:00' }),
      ]) {
        await expect(attempt).rejects.toMatchObject({ code: 'OUTBOX_MESSAGE_INVALID' });
      }
    });
    expect(await timers()).toEqual([]);
  });

  it('keeps the moment of any text with an offset', () => {
    const anyInstant = fc.date({ min: new Date(0), max: new Date('9998-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: -14 * 60, max: 14 * 60 }), (instant, offsetMinutes) => {
        const local = new Date(instant.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
        const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0');
        const minutes = String(Math.abs(offsetMinutes) % 60).padStart(2, '0');
        const text = `${local}${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`;
        expect(checkTimerOptions({ activateAt: text }).at).toBe(instant.toISOString());
      }),
    );
  });
});

describe('A named timer', () => {
  it('is there once while it waits; a second one changes nothing and is told so', async () => {
    const first = draft();
    expect(await set(first, { activateIn: 60_000, timerId: 'n' })).toBe('set');
    expect(await set(draft(), { activateIn: 1, timerId: 'n' })).toBe('exists');
    expect((await timers()).map(({ event_id }) => event_id)).toEqual([first.eventId]);
    await claim();
    expect(await set(draft(), { activateIn: 1, timerId: 'n' })).toBe('exists');
  });

  it('leaves its name free when it is cancelled or published, or rolled back', async () => {
    await set(draft(), { activateIn: 60_000, timerId: 'n' });
    expect(await cancel('n')).toBe(true);
    expect(await cancel('n')).toBe(false);
    expect(await set(draft(), { timerId: 'n' })).toBe('set');
    await admin.query(
      spec(`UPDATE outbox.retry SET state = 'published', closed_at = now() WHERE state = 'open'`),
    );
    const failing = producer.transaction(async (transaction) => {
      expect(await append(transaction, draft(), { timerId: 'n' })).toBe('set');
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await set(draft(), { timerId: 'n' })).toBe('set');
    expect((await timers()).map(({ state }) => state)).toEqual(['cancelled', 'published', 'open']);
  });

  it('is another one of another topic', async () => {
    await set(draft(), { activateIn: 60_000, timerId: 'n' });
    await admin.query(spec(`UPDATE outbox.retry SET topic = '${NOTIFICATION_INTENTS}'`));
    expect(await set(draft(), { activateIn: 60_000, timerId: 'n' })).toBe('set');
    expect(await cancel('n', NOTIFICATION_INTENTS)).toBe(true);
    expect((await timers()).map(({ topic, state }) => [topic, state])).toEqual([
      [NOTIFICATION_INTENTS, 'cancelled'],
      [FLEET_EVENTS, 'open'],
    ]);
  });

  it('is set by one of two transactions; the other waits to learn whether it is', async () => {
    for (const firstCommits of [true, false]) {
      const name = `race ${firstCommits}`;
      const [written, decide] = [signal('written'), signal('decide')];
      const first = producer
        .transaction(async (transaction) => {
          expect(await append(transaction, draft(), { activateIn: 60_000, timerId: name })).toBe('set');
          written.emit();
          await decide.next();
          if (!firstCommits) throw new Error('not this one');
        })
        .catch((error: unknown) => error);
      await written.next();
      const second = set(draft(), { activateIn: 60_000, timerId: name });
      await eventually(async () => (await admin.query(WAITING)).length === 1, { what: 'the second to wait' });
      decide.emit();
      await first;
      expect(await second).toBe(firstCommits ? 'exists' : 'set');
      expect((await timers()).filter(({ timer_id }) => timer_id === name)).toHaveLength(1);
    }
  });

  it('of many at once is set by exactly one', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => set(draft(), { activateIn: 60_000, timerId: 'many' })),
    );
    expect(outcomes.filter((outcome) => outcome === 'set')).toHaveLength(1);
    expect(await timers()).toHaveLength(1);
  });
});

const WAITING = spec(
  `SELECT 1 FROM pg_stat_activity WHERE application_name = 'outbox-spec' AND wait_event_type = 'Lock'`,
);

describe('cancelTimer', () => {
  it('takes back nothing that a relay holds, also where it is just taking it', async () => {
    await set(draft(), { activateIn: 0, timerId: 'n' });
    await claim();
    expect(await cancel('n')).toBe(false);
    await admin.query(spec(`UPDATE outbox.retry SET lease_token = NULL, leased_at = NULL`));
    const [claimed, decide] = [signal('claimed'), signal('decide')];
    const relay = admin.transaction(async (transaction) => {
      await transaction.query(
        spec('UPDATE outbox.retry SET lease_token = gen_random_uuid(), leased_at = now()'),
      );
      claimed.emit();
      await decide.next();
    });
    await claimed.next();
    const cancelling = cancel('n');
    await eventually(async () => (await admin.query(WAITING)).length === 1, {
      what: 'the cancellation to wait',
    });
    decide.emit();
    await relay;
    expect(await cancelling).toBe(false);
    expect((await timers()).map(({ state }) => state)).toEqual(['open']);
  });

  it('is undone with its transaction, and so is a timer that is set and cancelled in one', async () => {
    await set(draft(), { activateIn: 60_000, timerId: 'n' });
    const failing = producer.transaction(async (transaction) => {
      expect(await cancelTimer(transaction, { topic: FLEET_EVENTS, timerId: 'n' })).toBe(true);
      expect(await append(transaction, draft(), { activateIn: 1, timerId: 'n' })).toBe('set');
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect((await timers()).map(({ state, closed }) => [state, closed])).toEqual([['open', false]]);
  });

  it('refuses an unknown topic, an empty name, and to run outside a transaction', async () => {
    await producer.transaction(async (transaction) => {
      for (const wrong of [
        { topic: 'no:such:stream', timerId: 'n' },
        { topic: FLEET_EVENTS, timerId: '' },
      ]) {
        const attempt = cancelTimer(transaction, wrong as { topic: typeof FLEET_EVENTS; timerId: string });
        await expect(attempt).rejects.toMatchObject({ code: 'OUTBOX_MESSAGE_INVALID' });
      }
    });
    const outside = cancelTimer(producer as unknown as Transaction, { topic: FLEET_EVENTS, timerId: 'n' });
    await expect(outside).rejects.toMatchObject({ code: 'TRANSACTION_REQUIRED' });
  });
});

describe('The wake-up of timers', () => {
  let listener: Client;
  const heard = signal<string>('notification');
  beforeAll(async () => {
    listener = new Client({ connectionString: servers.postgresUrl('odograph_relay') });
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => heard.emit(payload));
    await listener.query(`LISTEN ${OUTBOX_CHANNEL}`);
  });
  afterAll(() => listener.end());

  /** How many wake-ups came before this. */
  async function wakeUps(): Promise<number> {
    await admin.query(spec(`SELECT pg_notify('${OUTBOX_CHANNEL}', 'flush')`));
    for (let count = 0; ; count += 1) if ((await heard.next()) === 'flush') return count;
  }

  it.each<[string, number, (transaction: Transaction) => Promise<unknown>]>([
    ['none for a later time', 0, (tx) => append(tx, draft(), { activateIn: 60_000 })],
    ['one for a time that has passed', 1, (tx) => append(tx, draft(), { activateAt: new Date(0) })],
    ['one for no time at all', 1, (tx) => append(tx, draft(), { timerId: 'now' })],
    ['one for a batch that is due', 1, (tx) => appendBatch(tx, [draft(), draft()], { activateIn: 0 })],
    [
      'one for many of both lanes',
      1,
      async (tx) => {
        await append(tx, draft());
        await append(tx, draft(), { activateIn: 0 });
        await append(tx, draft(), { activateIn: 60_000 });
        await append(tx, draft());
      },
    ],
  ])('is %s', async (_what, expected, work) => {
    await producer.transaction(work);
    expect(await wakeUps()).toBe(expected);
  });

  it('is none where the name was taken', async () => {
    await set(draft(), { activateIn: 60_000, timerId: 'n' });
    expect(await set(draft(), { activateIn: 0, timerId: 'n' })).toBe('exists');
    expect(await wakeUps()).toBe(0);
  });

  it('is not lost with a savepoint that is rolled back', async () => {
    const client = new Client({ connectionString: servers.postgresUrl('odograph_processor') });
    await client.connect();
    await client.query('BEGIN');
    await client.query('SAVEPOINT inner_work');
    await append(client, draft());
    await client.query('ROLLBACK TO SAVEPOINT inner_work');
    await append(client, draft());
    await client.query('COMMIT');
    await client.end();
    expect(await wakeUps()).toBe(1);
  });
});
