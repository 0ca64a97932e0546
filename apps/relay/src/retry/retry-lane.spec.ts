import pino from 'pino';
import { Registry } from 'prom-client';
import {
  companionKey,
  encodeMark,
  FLEET_EVENTS,
  NOTIFICATION_INTENTS,
  OUTBOX_START,
  type OutboxPosition,
  type OutboxTopic,
} from '@app/common/contracts';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams, type PublishedMark, textFields } from '@app/common/streams';
import { type KeptMessage, MemoryRetries, noTransaction, SHORT_RETRIES } from '../memory-retries.testing';
import { type RetriedPart, RetryLane, type RetryLaneOptions } from './retry-lane';
import { retryMetrics } from './retry.metrics';

const LEASE_MS = 1_000;
let nowMs: number;
let server: MemoryServer;
let streams: MemoryStreams;
let messages: KeptMessage[];
let retries: MemoryRetries;
let registry: Registry;
let upTo: OutboxPosition;
let acknowledged: Map<OutboxTopic, PublishedMark>;
let parkedKeys: readonly string[];
let wentBack: OutboxTopic[];
let refused: Set<unknown>;
let held: OutboxTopic[];
let calls: string[][];

beforeEach(async () => {
  nowMs = 1_000_000;
  server = new MemoryServer(() => nowMs);
  streams = new MemoryStreams(server);
  messages = [];
  retries = new MemoryRetries(
    () => messages,
    () => nowMs,
  );
  registry = new Registry();
  upTo = { generation: 9n, xid: 0n, id: 0n };
  acknowledged = new Map();
  [parkedKeys, wentBack, refused, held, calls] = [[], [], new Set(), [], []];
  for (const stream of [FLEET_EVENTS, NOTIFICATION_INTENTS])
    await streams.claimMark({ stream, part: 0, epoch: 1n });
});

const part: RetriedPart = {
  part: 0,
  get upTo() {
    return upTo;
  },
  get held() {
    return held;
  },
  parked: (keys) => (parkedKeys = keys),
  publishRetried: async (stream, sent) => {
    calls.push(sent.map(({ dedupeId }) => dedupeId));
    const index = sent.findIndex(({ dedupeId }) => refused.has(dedupeId));
    const answer = await streams.publishRetried({
      ...{ stream, part: 0, epoch: 1n, windowMs: 1_000_000 },
      acknowledged: acknowledged.get(stream) ?? { epoch: 1n, count: 0, mark: encodeMark(OUTBOX_START) },
      messages: index < 0 ? sent : sent.slice(0, index),
    });
    if (answer.kind === 'fenced') throw new Error('fenced');
    if (answer.kind !== 'behind') acknowledged.set(stream, { epoch: 1n, ...answer });
    if (answer.kind !== 'published' || index < 0) return answer;
    return { ...answer, kind: 'refused', index, message: 'ERR no' };
  },
  settle: (write) => write(noTransaction()),
  goBack: (topic) => {
    wentBack.push(topic);
    return Promise.resolve();
  },
};

function lane(limits: Partial<RetryLaneOptions> = {}): RetryLane {
  return new RetryLane({
    ...{ ...SHORT_RETRIES, table: retries, pollMs: 1_000, leaseTimeMs: LEASE_MS, batch: 100 },
    ...{ metrics: retryMetrics(new Metrics(registry)), logger: pino({ level: 'silent' }) },
    ...limits,
  });
}

/** Parks messages `<key><number>`, the numbers from 1 up over all keys. */
async function park(...names: string[]): Promise<void> {
  for (const name of names) {
    const id = BigInt(messages.length + 1);
    messages.push({
      ...{ position: { generation: 1n, xid: 1n, id }, key: name.charAt(0), createdAt: new Date(nowMs) },
      topic: name.endsWith('i') ? NOTIFICATION_INTENTS : FLEET_EVENTS,
      ...{ eventId: name, traceparent: 't', payload: name.endsWith('!') ? '{' : '{}' },
    });
  }
  await retries.park(
    noTransaction(),
    0,
    messages.map(({ position }) => ({ position, attempts: 0, waitMs: 0, error: undefined })),
  );
}

/** Looks and takes its turns until nothing is due. */
async function run(one = lane()): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) {
    const [due] = await one.look([part]);
    if (due === undefined || (await one.turn(due)).claimed === 0) return;
  }
  throw new Error('it never came to rest');
}

async function eventsIn(stream: OutboxTopic): Promise<(string | undefined)[]> {
  return (await streams.range(stream, '-', '+', 1_000)).map((entry) => textFields(entry)['event_id']);
}
const states = () => retries.rows.map(({ message, state }) => `${message.eventId} ${state}`);
const valueOf = async (name: string) => (await registry.getSingleMetric(`odograph_${name}`)?.get())?.values;

describe('RetryLane', () => {
  it('publishes each key in its order, over topics too, in few calls', async () => {
    await park('a1', 'b2', 'a3i', 'a4', 'c5', 'b6');
    await run();
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['a1', 'b2', 'b6', 'c5', 'a4']);
    expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['a3i']);
    expect(calls).toHaveLength(3);
    expect(states().every((state) => state.endsWith('published'))).toBe(true);
    await lane().look([part]);
    expect(parkedKeys).toEqual([]);
  });

  it('holds what is behind a refused message of its key, and lets the others pass', async () => {
    await park('a1', 'b2', 'a3', 'b4');
    refused.add('a1');
    const one = lane();
    await run(one);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['b2', 'b4']);
    expect(retries.rows).toMatchObject([
      { attempts: 1, deliveries: 1, lastError: 'ERR no' },
      {},
      { attempts: 0, deliveries: 0, token: undefined },
      {},
    ]);
    expect(parkedKeys).toEqual(['a']);
    refused.clear();
    nowMs += 20;
    await run(one);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['b2', 'b4', 'a1', 'a3']);
  });

  it('gives up after the last attempt, and holds the key until an operator decides', async () => {
    await park('a1', 'a2');
    refused.add('a1');
    const one = lane({ strategy: { ...SHORT_RETRIES.strategy, maxAttempts: 2 } });
    await run(one);
    nowMs += 20;
    await run(one);
    expect(states()).toEqual(['a1 dead', 'a2 open']);
    expect(retries.letters).toMatchObject([{ reason: 'retry_terminal' }]);
    expect(await valueOf('relay_dead_letters_total')).toMatchObject([
      { labels: { reason: 'retry_terminal' }, value: 1 },
    ]);
    nowMs += 1_000_000;
    await run(one);
    expect(parkedKeys).toEqual(['a']);
    const [dead] = retries.rows;
    if (dead !== undefined) dead.state = 'skipped';
    await run(one);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['a2']);
  });

  it('gives up without another attempt what is no message, what relays died with, and what has had its attempts', async () => {
    await park('a1!', 'b2', 'c3', 'd4');
    retries.rows.forEach((row, index) => {
      row.deliveries = index === 1 ? 5 : 4;
      row.attempts = index === 2 ? 3 : 2;
    });
    await run(lane({ maxDeliveries: 5, strategy: { ...SHORT_RETRIES.strategy, maxAttempts: 3 } }));
    expect(retries.letters.map(({ reason }) => reason)).toEqual([
      'rejected',
      'max_deliveries',
      'retry_terminal',
    ]);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['d4']);
  });

  it('spends no attempt and no delivery on a store that is away or full', async () => {
    await park('a1', 'a2i', 'b3');
    server.refusal = 'OOM command not allowed';
    const one = lane();
    const [due] = await one.look([part]);
    if (due === undefined) throw new Error('nothing is due');
    await expect(one.turn(due)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
    server.refusal = undefined;
    server.reachable = false;
    await expect(one.turn(due)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    server.reachable = true;
    expect(retries.rows.every(({ attempts, deliveries }) => attempts === 0 && deliveries === 0)).toBe(true);
    await run(one);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['a1', 'b3']);
  });

  it('settles what went out before the store went away', async () => {
    await park('a1', 'a2i');
    const failing: RetriedPart = {
      ...part,
      ...{ upTo, held },
      publishRetried: (topic, sent) => {
        if (topic === NOTIFICATION_INTENTS) server.reachable = false;
        return part.publishRetried(topic, sent);
      },
    };
    await expect(lane().turn({ part: failing, keys: ['a'] })).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
    expect(states()).toEqual(['a1 published', 'a2i open']);
  });

  it('acknowledges nothing of a row that somebody else took while it was published', async () => {
    await park('a1', 'b2');
    const stolen: RetriedPart = {
      ...part,
      ...{ upTo, held },
      publishRetried: (topic, sent) => {
        const [row] = retries.rows;
        if (row !== undefined) row.token = 'of somebody else';
        return part.publishRetried(topic, sent);
      },
    };
    await lane().turn({ part: stolen, keys: ['a', 'b'] });
    expect(states()).toEqual(['a1 open', 'b2 published']);
    expect(await valueOf('relay_retry_lease_lost_total')).toMatchObject([{ value: 1 }]);
    expect(await valueOf('relay_retried_total')).toMatchObject([
      { labels: { result: 'published' }, value: 1 },
    ]);
    nowMs += LEASE_MS + 1;
    await run();
    // It is in its stream already, and the stream knows it.
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['a1', 'b2']);
  });

  it('goes back where the store holds less than it had acknowledged, and releases what it took', async () => {
    await park('a1');
    await run();
    await park('a1', 'b2');
    server.delete(companionKey(FLEET_EVENTS, 'mark:0'));
    await streams.claimMark({ stream: FLEET_EVENTS, part: 0, epoch: 1n });
    expect(await lane().turn({ part, keys: ['b'] })).toMatchObject({ claimed: 1, rewound: true });
    expect(wentBack).toEqual([FLEET_EVENTS]);
    expect(retries.rows.at(-1)).toMatchObject({ state: 'open', deliveries: 0, token: undefined });
  });

  it('publishes nothing to a topic on hold, nor what is behind it of its key', async () => {
    await park('a1i', 'a2', 'b3');
    held = [NOTIFICATION_INTENTS];
    await run();
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['b3']);
    held = [];
    await run();
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['b3', 'a2']);
    expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['a1i']);
  });

  describe('of timers and replays', () => {
    const message = (eventId: string, key = 'a') => ({
      ...{ eventId, key, topic: FLEET_EVENTS, traceparent: 't', payload: '{}' },
    });

    it('publishes them when they are due, and wakes for them', async () => {
      retries.add('timer', message('timer'), { dueInMs: 400 });
      const one = lane();
      await run(one);
      expect(await eventsIn(FLEET_EVENTS)).toEqual([]);
      expect(one.restMs).toBeGreaterThan(300);
      expect(one.restMs).toBeLessThanOrEqual(400);
      nowMs += 400;
      await run(one);
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['timer']);
    });

    it('waits with them while a message of their key is parked, and one that is dead holds nobody', async () => {
      await park('a1');
      refused.add('a1').add('dead');
      retries.add('timer', message('dead', 'b'));
      retries.add('timer', message('alive', 'b'));
      retries.add('timer', message('waits', 'a'));
      const one = lane({ strategy: { ...SHORT_RETRIES.strategy, strategy: 'none' } });
      await run(one);
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['alive']);
      expect(states()).toEqual(['a1 dead', 'dead dead', 'alive published', 'waits open']);
    });

    it('publishes a replay of what is out already, once', async () => {
      await park('a1');
      await run();
      retries.add('replay', message('a1'), { replayId: 4 });
      retries.add('replay', message('a1'), { replayId: 5 });
      await run();
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['a1', 'a1', 'a1']);
    });
  });
});
