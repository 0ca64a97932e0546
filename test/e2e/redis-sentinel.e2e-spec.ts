import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { DEFAULT_TELEMETRY_SHARDS, telemetryStream } from '@app/common/contracts';
import { eventually, startRedisSentinels, testServers, type RedisSentinels } from '@app/common/testing';
import { System } from './system.testing';
import { expectExact, holdPositions, pidsOf, report, withRedis } from './topologies.testing';

/** More than the sockets between the two servers take, so that what comes behind it stays with the primary. */
const FILLER = 'x'.repeat(1_000_000);
const FILLERS = 24;

/** The primary as nobody routes to it. */
class Primary {
  private readonly redis: Redis;

  constructor(url: string) {
    this.redis = new Redis(url, { retryStrategy: () => null });
  }

  async fill(): Promise<void> {
    for (let n = 0; n < FILLERS; n += 1) await this.redis.set('filler', FILLER);
  }

  /** In all shards. */
  async entries(): Promise<number> {
    const shards = Array.from({ length: DEFAULT_TELEMETRY_SHARDS }, (_, shard) => shard);
    const lengths = await Promise.all(shards.map((shard) => this.redis.xlen(telemetryStream(shard))));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  leave(): void {
    this.redis.disconnect();
  }
}

describe('the whole system behind three sentinels', () => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-sentinel-'));
  let sentinels: RedisSentinels;
  let system: System | undefined;
  beforeAll(async () => {
    sentinels = await startRedisSentinels({ dir: folder, appendfsync: 'everysec' });
  }, 60_000);
  afterAll(async () => {
    await system?.stop();
    await sentinels.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('loses nothing acknowledged when the primary dies while its replica lags behind', async () => {
    system = await System.start(withRedis(servers, sentinels.url, 'sentinel'), {
      ...{ waitReplicas: 1, vehicles: 32, recordsPerSecond: 200, forMs: 5000 },
    });
    const pids = pidsOf(system);
    let isOver = false;
    const driven = system.driveUntil(() => isOver);
    await system.acked(300);
    const release = await holdPositions(system.watch.database);
    await system.acked(system.ackedRecords + 100);

    const primary = new Primary(sentinels.primary.url);
    process.kill(sentinels.replica.pid, 'SIGSTOP');
    try {
      await primary.fill();
      const before = await primary.entries();
      await eventually(async () => (await primary.entries()) > before + 20, {
        what: 'entries that only the primary has',
      });
      await sentinels.primary.kill();
    } finally {
      primary.leave();
      process.kill(sentinels.replica.pid, 'SIGCONT');
    }
    const struckAt = performance.now();
    await sentinels.untilPromoted();
    const promotedMs = performance.now() - struckAt;
    await release();
    // There is no ack without a replica: the one that comes back makes it possible.
    await sentinels.restartPrimary();
    await system.acked(system.ackedRecords + 300);
    const ackedMs = performance.now() - struckAt;
    report(`sentinel: promoted after ${promotedMs.toFixed(0)} ms, acks again after ${ackedMs.toFixed(0)} ms`);
    isOver = true;
    await driven;
    await expectExact(system);
    expect(pidsOf(system)).toEqual(pids);
    expect(await system.stop()).toEqual([]);
    system = undefined;
  }, 300_000);
});
