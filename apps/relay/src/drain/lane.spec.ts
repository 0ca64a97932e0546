import pino from 'pino';
import { Registry } from 'prom-client';
import { FLEET_EVENTS, type OutboxTopic } from '@app/common/contracts';
import { type Lease } from '@app/common/leases';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { retryMetrics } from '../retry';
import { SHORT_RETRIES } from '../memory-retries.testing';
import { Breaker } from './breaker';
import { drainMetrics } from './drain.metrics';
import { DrainLane } from './lane';
import { MemoryOutbox } from './memory-outbox.testing';

const MINUTE_MS = 60_000;
const LEASE = { name: 'outbox:part:0', epoch: 1n };
let outbox: MemoryOutbox;
let server: MemoryServer;
let streams: MemoryStreams;
let lane: DrainLane;
let lost: Lease[];
let breaker: Breaker;
let topics: ReadonlySet<OutboxTopic>;
const held = { set: (on: ReadonlySet<OutboxTopic>) => (topics = on) };
const timer = { key: 'k', topic: FLEET_EVENTS, traceparent: 't', payload: '{}' };

beforeEach(() => {
  jest.useFakeTimers();
  outbox = new MemoryOutbox();
  server = new MemoryServer();
  streams = new MemoryStreams(server);
  lost = [];
  breaker = new Breaker();
  topics = new Set();
  const catalog = new Metrics(new Registry());
  lane = new DrainLane({
    ...{ lane: 0, lanes: 1, batch: 10, pollMs: 10 * MINUTE_MS },
    tools: outbox.tools(streams),
    retry: {
      ...{ ...SHORT_RETRIES, table: outbox.retries, pollMs: 1_000, leaseTimeMs: 10_000, batch: 10 },
      ...{ metrics: retryMetrics(catalog), logger: pino({ level: 'silent' }) },
    },
    ownership: {
      usable: () => [LEASE],
      use: (leases, work) => work(leases),
      lost: (lease) => lost.push(lease),
    },
    breaker,
    heldTopics: {
      get held() {
        return topics;
      },
    },
    logger: pino({ level: 'silent' }),
    metrics: drainMetrics(catalog),
  });
  lane.loop.start();
});
afterEach(async () => {
  const stopped = lane.loop.stop();
  await jest.runOnlyPendingTimersAsync();
  await stopped;
  jest.useRealTimers();
});

const lengthOf = async (): Promise<number> => (await streams.info(FLEET_EVENTS, []))?.length ?? 0;

describe('DrainLane', () => {
  it('tries a part again soon after a failure, however long its poll is', async () => {
    await jest.advanceTimersByTimeAsync(60 * MINUTE_MS);
    outbox.add(1);
    server.reachable = false;
    await jest.advanceTimersByTimeAsync(13 * MINUTE_MS);
    expect([...lane.stalled().keys()]).toEqual([LEASE.name]);
    server.reachable = true;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(await lengthOf()).toBe(1);
    expect(lane.stalled().size).toBe(0);
  });

  it('rests longer with every failure in a row, though each claim in between succeeds', async () => {
    outbox.add(1);
    server.refusal = 'OOM command not allowed';
    lane.wake();
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    const failures = lane.stalled().get(LEASE.name)?.failures ?? 0;
    expect(failures).toBeGreaterThan(8);
    expect(failures).toBeLessThan(25);
  });

  it('calls a store that is away once each rest, and goes on with all as soon as it is back', async () => {
    outbox.add(1);
    const calls = jest.spyOn(streams, 'claimMark');
    server.reachable = false;
    lane.wake();
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(breaker.state).toBe('open');
    expect(calls.mock.calls.length).toBeLessThan(60);
    server.reachable = true;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(breaker.state).toBe('closed');
    expect(await lengthOf()).toBe(1);
  });

  it('leaves topics on hold alone in both lanes until they are released', async () => {
    held.set(new Set([FLEET_EVENTS]));
    await jest.advanceTimersByTimeAsync(2_000);
    outbox.add(1);
    outbox.retries.add('timer', { ...timer, eventId: 'timer' });
    lane.wake();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await lengthOf()).toBe(0);
    held.set(new Set());
    lane.wake();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await lengthOf()).toBe(2);
    expect(outbox.behind()).toEqual([]);
  });

  it('publishes a timer within a polling interval of its time, and sooner where it saw it coming', async () => {
    lane.wake();
    await jest.advanceTimersByTimeAsync(10_000);
    outbox.retries.add('timer', { ...timer, eventId: 'unseen' }, { dueInMs: 1 });
    await jest.advanceTimersByTimeAsync(1_001);
    expect(await lengthOf()).toBe(1);
    outbox.retries.add('timer', { ...timer, eventId: 'seen' }, { dueInMs: 1_700 });
    await jest.advanceTimersByTimeAsync(1_699);
    expect(await lengthOf()).toBe(1);
    await jest.advanceTimersByTimeAsync(20);
    expect(await lengthOf()).toBe(2);
  });

  it('asks for nothing of the retry lane between two polls, however many steps it makes', async () => {
    const asked = jest.spyOn(outbox.retries, 'waiting');
    await jest.advanceTimersByTimeAsync(2_000);
    asked.mockClear();
    for (let step = 0; step < 100; step += 1) {
      outbox.add(1);
      lane.wake();
      await jest.advanceTimersByTimeAsync(5);
    }
    expect(await lengthOf()).toBe(100);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('goes on at once while there is more than a batch', async () => {
    outbox.add(95);
    lane.wake();
    await jest.advanceTimersByTimeAsync(1);
    expect(await lengthOf()).toBe(95);
  });

  it('tells of a lease that a step found lost, and forgets what it knew of the part', async () => {
    outbox.add(1);
    outbox.leaseHolds = false;
    lane.wake();
    await jest.advanceTimersByTimeAsync(1);
    expect(lost).toContainEqual(LEASE);
    expect(lane.stalled().size).toBe(0);
    outbox.leaseHolds = true;
    lane.wake();
    await jest.advanceTimersByTimeAsync(10);
    expect(outbox.behind()).toEqual([]);
    expect(await lengthOf()).toBe(1);
  });
});
