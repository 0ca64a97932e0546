import { randomUUID } from 'node:crypto';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, type OutboxDraft } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { append, appendBatch, cancelTimer, fleetEventMessage } from '@app/common/outbox';
import { createLogger } from '@app/common/observability';
import { addedAtMs } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { z } from 'zod';
import { odo } from './odo.testing';
import { OutboxEyes } from './outbox.testing';
import { System } from './system.testing';

/** RELAY_POLL_INTERVAL, which nobody sets here, and what a busy machine adds to it. */
const POLL_INTERVAL_MS = 1000;
const MARGIN_MS = 1000;
const TIMER_IN_MS = 700;

const DUE = statement(
  'e2e_outbox_due',
  `SELECT event_id, extract(epoch FROM next_attempt_at)::float8 * 1000 AS due_at_ms FROM outbox.retry WHERE kind = 'timer'`,
);
const REPLAYS = statement(
  'e2e_outbox_replays',
  `SELECT replay.id::text AS id, replay.as_new, replay.requested_by, replay.selection, array_agg(retry.event_id ORDER BY retry.id) AS event_ids,
     bool_and(retry.state = 'published') AS is_done
   FROM outbox.replay AS replay JOIN outbox.retry AS retry ON retry.replay_id = replay.id
   GROUP BY replay.id ORDER BY replay.id`,
);
interface ReplayRow {
  readonly id: string;
  readonly as_new: boolean;
  readonly requested_by: string;
  readonly selection: Record<string, unknown>;
  readonly event_ids: string[];
  readonly is_done: boolean;
}

const statsShape = z.array(
  z.looseObject({ topic: z.string(), paused: z.boolean(), dead: z.number(), parked: z.number() }),
);
const peekShape = z.array(z.looseObject({ event_id: z.string(), key: z.string(), state: z.string() }));
const lettersShape = z.array(z.looseObject({ letter: z.string(), event_id: z.string(), reason: z.string() }));
const letterShape = z.looseObject({ row_state: z.string().nullable(), held_behind: z.number() });

function draftOf(label: string, key = label): OutboxDraft {
  return fleetEventMessage(
    { key, eventId: randomUUID(), tenantId: 'default' },
    {
      ...{ kind: 'overspeed.started', device_id: '1', imei: label, tenant_id: 'default' },
      ...{ occurred_at_ms: String(Date.now()), payload_json: '{}' },
    },
  );
}

describe('the outbox under load, by the operator', () => {
  const servers = testServers();
  let system: System;
  let eyes: OutboxEyes;
  let producer: Database;
  let driven: Promise<void>;
  let isOver = false;
  /** Messages of the poisoned device are replayed later. */
  let poisoned = '';

  beforeAll(async () => {
    system = await System.start(servers, {
      ...{ vehicles: 12, recordsPerSecond: 100, forMs: 4000, quickRelay: true },
    });
    eyes = await OutboxEyes.open(system, servers);
    producer = new Database({
      ...{ url: servers.postgresUrl('odograph_processor'), poolSize: 1, applicationName: 'e2e-producer' },
      ...{ startupTimeoutMs: 5000, logger: createLogger({ app: 'e2e', level: 'silent' }) },
    });
    driven = system.driveUntil(() => isOver);
  }, 60_000);
  afterAll(async () => {
    isOver = true;
    await system.stop();
    await Promise.all([producer.stop(1000), eyes.close(), driven]);
  }, 60_000);

  /** What a verb that succeeds says. */
  async function done(...args: string[]): Promise<string> {
    const { status, out, err } = await odo(servers, 'outbox', ...args);
    expect({ args, status, err }).toEqual({ args, status: 0, err: expect.any(String) as string });
    return out;
  }
  const asked = async <Shape extends z.ZodType>(shape: Shape, ...args: string[]): Promise<z.infer<Shape>> =>
    shape.parse(JSON.parse(await done(...args, '--json')));
  const topics = async () => new Map((await asked(statsShape, 'stats')).map((topic) => [topic.topic, topic]));
  async function crashRelay(): Promise<void> {
    await system.stack.kill('relay');
    await system.stack.restart('relay');
  }
  /** Resolves when so many more entries stand in a stream. */
  async function grown(topic: typeof FLEET_EVENTS | typeof NOTIFICATION_INTENTS, by: number): Promise<void> {
    const before = (await eyes.standing(topic)).length;
    await eventually(async () => (await eyes.standing(topic)).length >= before + by, {
      ...{ what: `${by} more entries of ${topic}`, timeoutMs: 20_000 },
    });
  }
  async function expectEachOnceAndInOrder(): Promise<void> {
    expect(Object.fromEntries(await eyes.published())).toEqual(Object.fromEntries(await eyes.appended()));
  }

  it('parks a message that can never go out with what comes behind it, until it is skipped', async () => {
    const [[name] = ['']] = await eventually(
      async () => {
        const appended = await eyes.appended();
        return appended.size > 0 && [...appended];
      },
      { what: 'the first events', timeoutMs: 20_000 },
    );
    poisoned = name.split(' ')[1] ?? '';
    const poison = await eyes.poison(FLEET_EVENTS, poisoned);
    // Of its key, and no vehicle's in the balance.
    await producer.transaction((transaction) =>
      appendBatch(
        transaction,
        ['one', 'two', 'three'].map((label) => draftOf(label, poisoned)),
      ),
    );
    await eventually(async () => (await eyes.parked(poisoned)) >= 4, {
      ...{ what: 'messages behind the poison', timeoutMs: 20_000 },
    });
    await crashRelay();
    await grown(FLEET_EVENTS, 5);

    const parked = ['--kind', 'parked', '--key', poisoned, '--full'];
    const [held, [head, ...behind], [letter, ...others], shown] = await Promise.all([
      topics(),
      asked(peekShape, 'peek', ...parked),
      asked(lettersShape, 'dlq', 'list'),
      asked(letterShape, 'dlq', 'show', '1'),
    ]);
    expect(held.get(FLEET_EVENTS)).toMatchObject({ dead: 1 });
    expect(head).toMatchObject({ event_id: poison, key: poisoned, state: 'dead' });
    expect(behind.length).toBeGreaterThanOrEqual(3);
    expect(new Set(behind.map(({ state }) => state))).toEqual(new Set(['behind']));
    expect(letter).toMatchObject({ letter: '1', event_id: poison, reason: 'rejected' });
    expect(others).toEqual([]);
    expect(shown.row_state).toBe('dead');
    expect(shown.held_behind).toBeGreaterThanOrEqual(3);
    const out = new Set([...(await eyes.published()).values()].flat());
    expect([poison, ...behind.map(({ event_id: id }) => id)].filter((id) => out.has(id))).toEqual([]);

    expect(await done('skip', poison, '--reason', 'planted')).toMatch(/^row \d+ was dead, is skipped\n$/);
    await eventually(async () => (await eyes.parked(poisoned)) === 0, {
      ...{ what: 'what waited behind the poison', timeoutMs: 20_000 },
    });
  }, 60_000);

  it('holds a paused topic through a crash while the other flows, and lets all of it go afterwards', async () => {
    expect(await done('pause', NOTIFICATION_INTENTS, '--reason', 'mail is out', '--actor', 'ann')).toBe(
      'notification:intents is held by ann: mail is out\n',
    );
    const health = `http://127.0.0.1:${system.stack.addresses.probes['relay']}/health`;
    await eventually(
      async () => (await (await fetch(health)).text()).includes(`held ${NOTIFICATION_INTENTS}`),
      {
        what: 'the relay to hold the topic',
      },
    );
    const flowed = await eyes.standing(NOTIFICATION_INTENTS);
    await eventually(async () => (await eyes.behind(NOTIFICATION_INTENTS)) >= 5, {
      ...{ what: 'intents that wait', timeoutMs: 20_000 },
    });
    const [stats] = await Promise.all([topics(), crashRelay()]);
    expect(stats.get(NOTIFICATION_INTENTS)).toMatchObject({ paused: true });
    await grown(FLEET_EVENTS, 5);
    expect(await eyes.standing(NOTIFICATION_INTENTS)).toEqual(flowed);

    expect(await done('resume', NOTIFICATION_INTENTS)).toBe('notification:intents goes on\n');
    isOver = true;
    await driven;
    await eventually(
      async () => (await eyes.behind(NOTIFICATION_INTENTS)) + (await eyes.behind(FLEET_EVENTS)) === 0,
      { what: 'the outbox to be drained', timeoutMs: 20_000 },
    );
    expect(system.unackedFrames).toBe(0);
    expect(await system.differences()).toEqual([]);
    await expectEachOnceAndInOrder();
  }, 60_000);

  it('fires a timer within a polling interval of its time, and not one that was taken back', async () => {
    const [kept, taken, last] = [draftOf('kept'), draftOf('taken'), draftOf('last')];
    await producer.transaction(async (transaction) => {
      for (const draft of [kept, taken]) {
        await append(transaction, draft, { activateIn: TIMER_IN_MS, timerId: draft.key });
      }
      await append(transaction, last, { activateIn: TIMER_IN_MS + 100 });
    });
    const dueAt = new Map(
      (await system.watch.database.query<{ event_id: string; due_at_ms: number }>(DUE)).map((row) => [
        row.event_id,
        row.due_at_ms,
      ]),
    );
    const cancelled = await producer.transaction((transaction) =>
      cancelTimer(transaction, { topic: FLEET_EVENTS, timerId: taken.key }),
    );
    expect(cancelled).toBe(true);
    const fired = await eventually(
      async () => {
        const ours = (await eyes.standing(FLEET_EVENTS)).filter(({ eventId }) => dueAt.has(eventId));
        return ours.length >= 2 && ours;
      },
      { what: 'the timers' },
    );
    expect(new Set(fired.map(({ eventId }) => eventId))).toEqual(new Set([kept.eventId, last.eventId]));
    for (const { entryId, eventId } of fired) {
      const lateMs = addedAtMs(entryId) - (dueAt.get(eventId) ?? 0);
      // Redis stamps whole milliseconds.
      expect(lateMs).toBeGreaterThanOrEqual(-1);
      expect(lateMs).toBeLessThan(POLL_INTERVAL_MS + MARGIN_MS);
    }
  }, 30_000);

  it('publishes again under the same ids, which changes nothing, or as new, which does', async () => {
    const replays = () => system.watch.database.query<ReplayRow & Record<string, unknown>>(REPLAYS);
    const replayed = async (count: number) => {
      const rows = await eventually(
        async () => {
          const all = await replays();
          return all.length === count && all.every(({ is_done: isDone }) => isDone) && all;
        },
        { what: `${count} replays to go out` },
      );
      await eyes.intentsRead();
      return rows;
    };
    const ids = [...(await eyes.appended())]
      .filter(([name]) => name.endsWith(` ${poisoned}`))
      .flatMap(([, each]) => each);
    const before = { notified: await eyes.notified(), events: await eyes.standing(FLEET_EVENTS) };
    const args = ['replay', '--key', poisoned, '--rate', '1000'];
    expect(await done(...args)).toContain(`${ids.length} would be published again with the same ids`);
    expect(await replays()).toEqual([]);

    expect(await done(...args, '--execute', '--actor', 'ann')).toContain(
      `${ids.length} queued with the same ids`,
    );
    const [same] = await replayed(1);
    expect(same).toMatchObject({ as_new: false, requested_by: 'ann', selection: { key: poisoned } });
    expect(same?.event_ids.toSorted()).toEqual(ids.toSorted());
    expect((await eyes.standing(FLEET_EVENTS)).length).toBeGreaterThan(before.events.length);
    expect(await eyes.notified()).toEqual(before.notified);

    expect(
      await done(...args, '--topic', NOTIFICATION_INTENTS, '--as-new', '--execute', '--actor', 'ann'),
    ).toContain('queued as new');
    const [, asNew] = await replayed(2);
    expect(asNew).toMatchObject({ as_new: true, requested_by: 'ann' });
    const lineage = `#r${asNew?.id}`;
    const made = asNew?.event_ids ?? [];
    const originals = made.map((id) => id.replace(lineage, ''));
    expect(made).toEqual(originals.map((id) => `${id}${lineage}`));
    expect(ids).toEqual(expect.arrayContaining(originals));
    const after = await eyes.notified();
    expect(after.records).toBe(before.notified.records + originals.length);
    expect(after.routes).toBeGreaterThan(before.notified.routes);
    expect(after.malformed).toBe(0);
  }, 40_000);

  it('is proven to be even by the audit, which names what is taken away', async () => {
    expect(await done('audit', '--since', '1h')).toContain('nothing is lost and nothing is doubled');
    const replayed = new Set((await eyes.appended()).get(`${FLEET_EVENTS} ${poisoned}`));
    const appended = new Set([...(await eyes.appended()).values()].flat());
    const victim = (await eyes.standing(FLEET_EVENTS)).find(
      ({ eventId }) => appended.has(eventId) && !replayed.has(eventId),
    );
    await eyes.streams.commands.onEach((client) => client.xdel(FLEET_EVENTS, victim?.entryId ?? ''));
    const { status, out } = await odo(servers, 'outbox', 'audit', '--since', '1h');
    expect({ status, out }).toEqual({
      status: 1,
      out: expect.stringMatching(
        new RegExp(`lost: 1 of fleet:events, part \\d+, .*: ${victim?.eventId}$`, 'm'),
      ) as string,
    });
    expect(await system.stop()).toEqual([]);
  }, 30_000);
});
