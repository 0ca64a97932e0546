import { DEFAULT_TELEMETRY_SHARDS, telemetryStream } from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { odo } from './odo.testing';
import { LEASE_TIME_MS, System } from './system.testing';
import { expectExact, holdPositions, TAKES_ALL } from './topologies.testing';

const EDGE = 'processor';
const INGEST = 'processor-2';
const DOWN = { from: DEFAULT_TELEMETRY_SHARDS, to: 8 };
const UP = { from: 4, to: 8 };

describe.each(TAKES_ALL ? [DOWN, UP] : [DOWN])('a deployment of $from shards', ({ from, to }) => {
  const servers = testServers();
  let system: System | undefined;
  let streams: RedisStreams | undefined;
  afterEach(async () => {
    await streams?.close();
    await system?.stop();
    system = undefined;
  }, 60_000);
  const reshard = (...more: string[]) => odo(servers, 'shards', 'reshard', '--to', String(to), ...more);
  async function refused(words: RegExp): Promise<void> {
    const { status, err } = await reshard();
    expect({ status, err }).toEqual({ status: 1, err: expect.stringMatching(words) as string });
  }
  async function isDrained(): Promise<boolean> {
    const { out } = await odo(servers, 'streams', 'lag', 'telemetry:teltonika', '--json');
    const groups = [...out.matchAll(/"(?:lag|pending)": ?(\d+|null|"\w+")/g)].map(([, count]) => count);
    return groups.length > 0 && groups.every((count) => count === '0');
  }
  async function counts(look: RedisStreams): Promise<number[]> {
    const infos = await Promise.all(
      Array.from({ length: DEFAULT_TELEMETRY_SHARDS }, (_, shard) => look.info(telemetryStream(shard), [])),
    );
    return infos.map((info) => info?.length ?? 0);
  }

  it(`is stopped, drained and switched to ${to} under devices that keep coming: exactly and in order`, async () => {
    system = await System.start(servers, {
      ...{ processors: 2, shards: from, vehicles: 64, recordsPerSecond: 200, forMs: 5000 },
      settings: {
        [EDGE]: { PROCESSOR_FEATURES: 'edge' },
        [INGEST]: { PROCESSOR_FEATURES: 'ingest' },
      },
    });
    streams = new RedisStreams({
      ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
    });
    await streams.start();
    const { stack } = system;
    let isOver = false;
    const driven = system.driveUntil(() => isOver);
    await system.acked(300);
    await refused(/ingest processor-2\S* lives/);

    // Stop: the edge ends in order; the ingest dies with work in hand, and what it leaves is not drained.
    const release = await holdPositions(system.watch.database);
    await system.acked(system.ackedRecords + 100);
    await stack.kill(EDGE, 'SIGTERM');
    await stack.kill(INGEST);
    await eventually(() => refused(/not drained: telemetry:teltonika:\{\d+\} \(/), {
      ...{ what: 'the membership of the dead ingest to end', timeoutMs: LEASE_TIME_MS + 10_000 },
    });
    await release();

    // Drain.
    await stack.restart(INGEST);
    await eventually(isDrained, { what: 'all shards to be read', timeoutMs: 20_000 });
    await stack.kill(INGEST, 'SIGTERM');
    const before = await counts(streams);
    expect(before.filter((count) => count > 0).length).toBeGreaterThan(Math.min(from, to) / 2);

    // Switch.
    expect(await reshard()).toMatchObject({
      status: 0,
      out: expect.stringContaining(`${to} shards`) as string,
    });
    for (const [name, where] of [
      [INGEST, 'the database'],
      [EDGE, 'Redis'],
    ] as const) {
      const mismatch = `SHARDS_MISMATCH: [^]*TELEMETRY_SHARDS is ${from}, ${where} has ${to}`;
      await expect(stack.restart(name)).rejects.toThrow(new RegExp(mismatch));
      stack.change(name, { TELEMETRY_SHARDS: String(to) });
    }
    await stack.restart(INGEST);
    await stack.restart(EDGE);
    await system.acked(system.ackedRecords + 500);
    isOver = true;
    await driven;
    await expectExact(system);
    const after = await counts(streams);
    const grown = after.flatMap((count, shard) => (count > (before[shard] ?? 0) ? [shard] : []));
    expect(grown.length).toBeGreaterThan(to / 2);
    expect(after.slice(to).every((count) => count === 0)).toBe(true);
    expect(await system.stop()).toEqual([]);
  }, 240_000);
});
