import pino from 'pino';
import { Registry } from 'prom-client';
import { FLEET_EVENTS, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams, type StoreMemory } from '@app/common/streams';
import { drainMetrics } from './drain.metrics';
import { HeldTopics } from './held-topics';

let server: MemoryServer;
let streams: MemoryStreams;
let paused: string[];
let memory: StoreMemory;
let registry: Registry;

beforeEach(() => {
  server = new MemoryServer();
  streams = new MemoryStreams(server);
  paused = [];
  memory = { usedBytes: 0, maxBytes: 0 };
  registry = new Registry();
});

const rows = () => Promise.resolve(paused.map((topic) => ({ topic })));
function topics(streamLimit = 0): HeldTopics {
  const database = Object.assign(Object.create(Database.prototype) as Database, { query: rows });
  return new HeldTopics({
    ...{ database, streamLimit, memoryPercent: 90, pollMs: 1_000 },
    streams: { info: (...args) => streams.info(...args), memory: () => streams.memory().then(() => memory) },
    metrics: drainMetrics(new Metrics(registry)),
    logger: pino({ level: 'silent' }),
  });
}

async function whyOf(held: HeldTopics): Promise<Record<string, readonly string[]>> {
  await held.refresh();
  return Object.fromEntries(held.why);
}

describe('HeldTopics', () => {
  it('holds what an operator paused, and is the same set as long as nothing changes', async () => {
    const held = topics();
    const before = held.held;
    expect(await whyOf(held)).toEqual({});
    expect(held.held).toBe(before);
    paused = [NOTIFICATION_INTENTS, 'no:such:stream'];
    expect(await whyOf(held)).toEqual({ [NOTIFICATION_INTENTS]: ['paused'] });
    const during = held.held;
    await held.refresh();
    expect(held.held).toBe(during);
    expect([...during]).toEqual([NOTIFICATION_INTENTS]);
    const gauge = (await registry.getSingleMetric('odograph_relay_held_topics')?.get())?.values;
    expect(gauge?.filter(({ value }) => value === 1).map(({ labels }) => labels)).toEqual([
      { topic: NOTIFICATION_INTENTS, reason: 'paused' },
    ]);
  });

  it('holds a stream at its limit until it is a tenth shorter', async () => {
    const held = topics(20);
    const ids: string[] = [];
    for (let n = 0; n < 19; n += 1) ids.push(await streams.append(FLEET_EVENTS, { n: '1' }));
    expect(await whyOf(held)).toEqual({});
    await streams.append(FLEET_EVENTS, { n: '1' });
    expect(await whyOf(held)).toEqual({ [FLEET_EVENTS]: ['stream_length'] });
    server.stream(FLEET_EVENTS)?.keepNewest(18);
    expect(await whyOf(held)).toEqual({ [FLEET_EVENTS]: ['stream_length'] });
    server.stream(FLEET_EVENTS)?.keepNewest(17);
    expect(await whyOf(held)).toEqual({});
  });

  it('holds everything where the memory runs out, and nothing where it has no limit', async () => {
    const held = topics();
    memory = { usedBytes: 1_000_000, maxBytes: 0 };
    expect(await whyOf(held)).toEqual({});
    memory = { usedBytes: 90, maxBytes: 100 };
    expect(await whyOf(held)).toEqual({
      [FLEET_EVENTS]: ['redis_memory'],
      [NOTIFICATION_INTENTS]: ['redis_memory'],
    });
    memory = { usedBytes: 81, maxBytes: 100 };
    expect(await whyOf(held)).toHaveProperty(FLEET_EVENTS);
    memory = { usedBytes: 80, maxBytes: 100 };
    expect(await whyOf(held)).toEqual({});
  });

  it('hides no failure that is not the store being away', async () => {
    const held = topics(20);
    streams.info = () => Promise.reject(new TypeError('a mistake of ours'));
    await expect(held.refresh()).rejects.toThrow('a mistake of ours');
  });

  it('keeps what it knew of a store that does not answer, and still hears of a pause', async () => {
    const held = topics();
    memory = { usedBytes: 95, maxBytes: 100 };
    await held.refresh();
    server.reachable = false;
    paused = [FLEET_EVENTS];
    expect(await whyOf(held)).toEqual({
      [FLEET_EVENTS]: ['paused', 'redis_memory'],
      [NOTIFICATION_INTENTS]: ['redis_memory'],
    });
    paused = [];
    expect(await whyOf(held)).toEqual({
      [FLEET_EVENTS]: ['redis_memory'],
      [NOTIFICATION_INTENTS]: ['redis_memory'],
    });
  });
});
