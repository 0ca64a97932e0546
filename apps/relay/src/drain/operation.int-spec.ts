import {
  FLEET_EVENTS,
  intentMessageId,
  NOTIFICATION_INTENTS,
  type OutboxDraft,
  partOf,
} from '@app/common/contracts';
import { Database } from '@app/common/database';
import { text } from '@app/common/streams';
import { eventually, signal } from '@app/common/testing';
import {
  databaseOptions,
  fussy,
  inKeyOrder,
  message,
  published,
  Relay,
  type RelayOptions,
  spec,
} from './relay.testing';
import { RelaySuite } from './relay-suite.testing';

const suite = new RelaySuite();
const relay = (options?: Partial<RelayOptions>): Promise<Relay> => suite.relay(options);
const commit = (...drafts: OutboxDraft[]): Promise<void> => suite.commit(...drafts);
const lengthOf = async (stream = FLEET_EVENTS) => (await published(suite.streams, stream)).length;
const reaches = (count: number, stream?: string) =>
  eventually(async () => (await lengthOf(stream)) >= count, { what: `${count} entries` });
const valueOf = async (one: Relay, name: string, labels: Record<string, string> = {}): Promise<number> => {
  const metric = await one.registry.getSingleMetric(`odograph_${name}`)?.get();
  const has = (own: object): boolean =>
    Object.entries(labels).every(([label, value]) => Reflect.get(own, label) === value);
  return metric?.values.find((each) => has(each.labels))?.value ?? 0;
};

async function addTimer(key: string, dueIn: string): Promise<void> {
  await suite.producer.query(
    spec(`INSERT INTO outbox.retry (kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, next_attempt_at)
          VALUES ('timer', $1, $2, $3, gen_random_uuid()::text, 'default', 't', '{"imei":"timer","payload_json":"1"}', 't', now() + $4::interval)`),
    [partOf(key), FLEET_EVENTS, key, dueIn],
  );
}

describe('The relay in operation', () => {
  it('publishes a timer when it is due, and not before', async () => {
    await relay({ pollMs: 200, leaseTimeMs: 30_000 });
    const startedAt = performance.now();
    await addTimer('k', '700 milliseconds');
    await reaches(1);
    expect(performance.now() - startedAt).toBeGreaterThan(690);
  });

  it('publishes nothing to a topic that is paused, goes on with the others, and catches up', async () => {
    const one = await relay();
    await suite.admin.query(
      spec(`INSERT INTO outbox.pause (topic, paused_by, reason) VALUES ('${FLEET_EVENTS}', 'me', 'test')`),
    );
    const isHeld = async () =>
      (await valueOf(one, 'relay_held_topics', { topic: FLEET_EVENTS, reason: 'paused' })) === 1;
    await eventually(isHeld, { what: 'the pause to be seen' });
    await commit(...[0, 1, 2].map((sequence) => message('k', sequence)));
    await commit(message('k', 3));
    await suite.producer.query(
      spec(`INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
            VALUES (1, $1, '${NOTIFICATION_INTENTS}', 'k', gen_random_uuid(), 'default', 't', '{"imei":"k"}')`),
      [partOf('k')],
    );
    await reaches(1, NOTIFICATION_INTENTS);
    expect(await lengthOf()).toBe(0);
    expect(JSON.stringify(await one.service.check())).toContain(`held ${FLEET_EVENTS}`);
    await suite.admin.query(spec('TRUNCATE outbox.pause'));
    await reaches(4);
    expect(inKeyOrder(await published(suite.streams))).toEqual(['k#0', 'k#1', 'k#2', 'k#3']);
    expect(await lengthOf(NOTIFICATION_INTENTS)).toBe(1);
  });

  it('stops at the length that a stream may have, and goes on when it is shorter', async () => {
    const held = await relay({ streamLimit: 10, batch: 5 });
    await commit(...Array.from({ length: 40 }, (_, sequence) => message('k', sequence)));
    await reaches(10);
    await eventually(
      async () => (await valueOf(held, 'relay_held_topics', { reason: 'stream_length' })) === 1,
      {
        what: 'the topic to be held',
      },
    );
    expect(await lengthOf()).toBeLessThan(40);
    const seen: string[] = [];
    while (seen.length < 40) {
      await eventually(async () => (await lengthOf()) > 0, { what: 'more of it' });
      const entries = await suite.streams.range(FLEET_EVENTS, '-', '+', 100);
      seen.push(...entries.map((entry) => text(entry, 'event_id') ?? ''));
      // Entry by entry: the relay may add to the stream at any moment, and what was not seen must stay.
      await suite.streams.commands.onEach((redis) =>
        redis.xdel(FLEET_EVENTS, ...entries.map(({ id }) => id)),
      );
    }
    expect(seen).toEqual(
      Array.from({ length: 40 }, (_, sequence) => intentMessageId('spec', `k#${sequence}`)),
    );
  });

  it('measures what waits, and names the transaction that everything waits for', async () => {
    const one = await relay({ streams: fussy(suite.streams, () => true) });
    await commit(message('a', 0), message('a', 1), message('b', 0));
    await eventually(
      async () => {
        await one.watch.look();
        return (await valueOf(one, 'relay_parked_keys')) === 2;
      },
      { what: 'two parked keys' },
    );
    expect(await valueOf(one, 'relay_retry_depth', { kind: 'parked', state: 'open' })).toBe(3);
    expect(await valueOf(one, 'relay_oldest_kept_seconds')).toBeGreaterThan(0);
    const [writes, over] = [signal('writes'), signal('over')];
    const foreign = suite.producer.transaction(async (transaction) => {
      await transaction.query(spec('SELECT pg_current_xact_id()'));
      writes.emit();
      await over.next(20_000);
    });
    await writes.next();
    await commit(message('c', 0));
    await eventually(
      async () => {
        await one.watch.look();
        return (await valueOf(one, 'relay_xmin_age_seconds')) > 1;
      },
      { what: 'the open transaction to be seen' },
    );
    expect(await valueOf(one, 'relay_backlog_messages')).toBe(1);
    expect(await valueOf(one, 'relay_oldest_claimable_seconds', { lane: 'log' })).toBeGreaterThan(0);
    over.emit();
    await foreign;
  }, 30_000);

  it('sees a transaction of another database of the server too, which is waited for just the same', async () => {
    const one = await relay();
    const elsewhere = new URL(suite.servers.postgresUrl());
    elsewhere.pathname = '/postgres';
    const foreigner = new Database(databaseOptions(elsewhere.href));
    const [writes, over] = [signal('writes'), signal('over')];
    const foreign = foreigner.transaction(async (transaction) => {
      await transaction.query(spec('SELECT pg_current_xact_id()'));
      writes.emit();
      await over.next(20_000);
    });
    await writes.next();
    await one.watch.look();
    expect(await valueOf(one, 'relay_xmin_age_seconds')).toBeGreaterThan(0);
    over.emit();
    await foreign;
    await foreigner.stop(1_000);
  });
});
