import pino from 'pino';
import { Registry } from 'prom-client';
import { FLEET_EVENTS } from '@app/common/contracts';
import { type Lease } from '@app/common/leases';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { retryMetrics } from '../retry';
import { SHORT_RETRIES } from '../memory-retries.testing';
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

beforeEach(() => {
  jest.useFakeTimers();
  outbox = new MemoryOutbox();
  server = new MemoryServer();
  streams = new MemoryStreams(server);
  lost = [];
  const catalog = new Metrics(new Registry());
  lane = new DrainLane({
    ...{ lane: 0, lanes: 1, batch: 10, pollMs: 10 * MINUTE_MS },
    tools: outbox.tools(streams),
    retry: {
      ...{ ...SHORT_RETRIES, table: outbox.retries, pollMs: 1_000, leaseTimeMs: 10_000, batch: 10 },
      ...{ held: () => [], metrics: retryMetrics(catalog), logger: pino({ level: 'silent' }) },
    },
    ownership: {
      usable: () => [LEASE],
      use: (leases, work) => work(leases),
      lost: (lease) => lost.push(lease),
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
