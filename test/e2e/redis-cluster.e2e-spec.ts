import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TELEMETRY_SHARDS, FLEET_EVENTS, telemetryStream } from '@app/common/contracts';
import { eventually, startRedisCluster, testServers, type RedisCluster } from '@app/common/testing';
import { CommandDevice } from './command-device.testing';
import { odo } from './odo.testing';
import { System } from './system.testing';
import {
  expectExact,
  holdPositions,
  pidsOf,
  report,
  TAKES_ALL,
  untilReady,
  withRedis,
} from './topologies.testing';

const MASTERS = 3;
const IMEI = '356307042441013';
const SHARDS = Array.from({ length: DEFAULT_TELEMETRY_SHARDS }, (_, shard) => telemetryStream(shard));
/** The sample's one fault strikes where the relay publishes, beside some of the shards. */
const STREAMS_OF_VICTIMS = TAKES_ALL ? [FLEET_EVENTS, ...SHARDS.slice(0, 4)] : [FLEET_EVENTS];
const PROMOTION = { name: 'a master is killed and its replica promoted', replicas: true };
const RESTART = { name: 'a master without a replica is killed and started again', replicas: false };
const FAULTS = TAKES_ALL ? [PROMOTION, RESTART] : [PROMOTION];

describe('the whole system on a Redis Cluster of three masters', () => {
  const servers = testServers();
  let folder: string;
  let cluster: RedisCluster;
  let system: System | undefined;
  const stores = () => withRedis(servers, cluster.url, 'cluster');
  const running = (): System => {
    if (system === undefined) throw new Error('there is no system');
    return system;
  };
  const start = async (replicas: boolean): Promise<void> => {
    const dir = join(folder, 'cluster');
    cluster = await startRedisCluster({ dir, replicas, appendfsync: 'everysec', nodeTimeoutMs: 2000 });
    system = await System.start(stores(), {
      ...{ waitReplicas: replicas ? 1 : 0, vehicles: 96, recordsPerSecond: 250, forMs: 5000 },
    });
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-cluster-'));
  });
  afterEach(async () => {
    await system?.stop();
    system = undefined;
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Drives over the faults; whatever a fault takes with it was acknowledged and is no row yet. */
  async function survive(replicas: boolean, strike: (victim: number) => Promise<void>): Promise<void> {
    await start(replicas);
    const pids = pidsOf(running());
    let isOver = false;
    const driven = running().driveUntil(() => isOver);
    await running().acked(300);
    for (const stream of STREAMS_OF_VICTIMS) {
      const victim = await cluster.serverOf(stream);
      const release = await holdPositions(running().watch.database);
      await running().acked(running().ackedRecords + 100);
      const struckAt = performance.now();
      await strike(victim);
      await release();
      await running().acked(running().ackedRecords + 300);
      report(
        `cluster, server ${victim} away: acks again after ${(performance.now() - struckAt).toFixed(0)} ms`,
      );
      await cluster.untilWhole();
    }
    isOver = true;
    await driven;
    await expectExact(running());
    expect(pidsOf(running())).toEqual(pids);
    await operate(running());
    const owners = await Promise.all(SHARDS.map((shard) => cluster.serverOf(shard)));
    expect(new Set(owners).size).toBe(MASTERS);
    const lengths = await Promise.all(
      SHARDS.map(async (shard, n) => Number(await cluster.call(owners[n] ?? -1, 'XLEN', shard))),
    );
    // As many devices as there are leave hardly any shard without one.
    expect(lengths.filter((length) => length > 0).length).toBeGreaterThan(SHARDS.length / 2);
    expect(await running().stop()).toEqual([]);
    system = undefined;
  }

  /** What an operator does, whose keys are on all servers. */
  async function operate({ stack }: System): Promise<void> {
    const device = new CommandDevice({ imei: IMEI, address: () => stack.edgeOf('processor') });
    try {
      await done('device', 'add', IMEI);
      device.connect();
      expect(await done('device', 'send', IMEI, 'getver', '--timeout', '20s')).toBe('done: getver\n');
      expect(await done('device', 'rehydrate', IMEI)).toContain('settled: true');
    } finally {
      device.stop();
    }
    for (const question of ['owners', 'lag', 'pending']) await done('streams', question);
    expect(await done('dlq', 'replay', '--all')).toMatch(/^\d+ replayed/);
    // Nothing was mended: they come back as new letters.
    await eventually(async () => expect(await done('dlq', 'list')).toContain('FRAME_UNDECODABLE'), {
      what: 'the letters to come back',
    });
    expect(await done('dlq', 'resolve', '--all', '--reason', 'a test')).toMatch(/^\d+ resolved/);
    expect(await done('shards', 'show')).toMatch(/told_to_edges +16/);
  }

  async function done(...args: string[]): Promise<string> {
    const { status, out, err } = await odo(stores(), ...args);
    expect({ args, status, err }).toEqual({ args, status: 0, err: '' });
    return out;
  }

  it.each(FAULTS)(
    'loses nothing acknowledged when $name',
    async ({ replicas }) => {
      await survive(replicas, async (victim) => {
        await cluster.kill(victim);
        if (replicas) {
          await cluster.untilServedWithout(victim);
          // They find the promoted one by themselves: the old one, which would name it, is still away. The relay is
          // not ready before it can publish, which waits for a replica.
          await untilReady(running(), 'processor', 'notification');
        }
        await cluster.restart(victim);
      });
    },
    300_000,
  );
});
