import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describeError, hasCode } from '../../errors';
import { eventually, startRedis, startRedisSentinels, type RedisSentinels } from '../../testing';
import { newShard, numbered, readAs } from '../conformance/bench';
import { RedisStreams } from './redis-streams';

jest.setTimeout(60_000);

/** More of these than the kernel holds between two sockets makes a frozen replica lag behind. */
const LARGE = Buffer.alloc(16 * 1024, 1);
const LARGE_COUNT = 1600;
/** Down-after, an election and a promotion; more on a busy machine. */
const FAILOVER_TIMEOUT_MS = 30_000;

describe('a primary that sentinels watch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-sentinel-'));
  let runs = 0;
  let sentinels: RedisSentinels;
  const opened: RedisStreams[] = [];
  const client = async (waitReplicas = 0): Promise<RedisStreams> => {
    const streams = new RedisStreams({
      ...{ url: sentinels.url, mode: 'sentinel', fsync: 'always', waitReplicas, startupTimeoutMs: 10_000 },
    });
    opened.push(streams);
    await streams.start();
    return streams;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((streams) => streams.close()));
  });
  const sentinelsOfTheirOwn = () => {
    beforeAll(async () => {
      runs += 1;
      sentinels = await startRedisSentinels({ dir: join(folder, String(runs)), appendfsync: 'always' });
    }, 60_000);
    afterAll(() => sentinels.stop());
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface FailOver {
    readonly stream: string;
    /** Ids of what was acknowledged, before the replica fell behind and while it did. */
    readonly ackedBefore: readonly string[];
    readonly ackedBehind: readonly string[];
    /** What came of the others. */
    readonly failures: readonly unknown[];
    readonly outageMs: number;
  }

  /** Appends; the replica is frozen; more is appended than its socket takes; the primary is killed; the replica wakes. */
  async function failOver(streams: RedisStreams, writers: number, count: number): Promise<FailOver> {
    const stream = newShard();
    const ackedBefore: string[] = [];
    for (let n = 0; n < 50; n += 1) ackedBefore.push(await streams.append(stream, numbered(n)));
    const { replica, primary } = sentinels;
    process.kill(replica.pid, 'SIGSTOP');
    const ackedBehind: string[] = [];
    const failures: unknown[] = [];
    try {
      const writer = async () => {
        for (let n = 0; n < count / writers; n += 1) {
          await streams.append(stream, { frame: LARGE }).then(
            (id) => ackedBehind.push(id),
            (error: unknown) => failures.push(error),
          );
        }
      };
      await Promise.all(Array.from({ length: writers }, writer));
      await primary.kill();
    } finally {
      process.kill(replica.pid, 'SIGCONT');
    }
    const killedAt = performance.now();
    await eventually(async () => (await sentinels.primaryPort()) === replica.port, {
      what: 'the replica to be promoted',
      timeoutMs: FAILOVER_TIMEOUT_MS,
    });
    // Without waiting for replicas, of which there is none now.
    await eventually(() => readAs(streams, newShard()), { what: 'reads on the new primary' });
    return { stream, ackedBefore, ackedBehind, failures, outageMs: performance.now() - killedAt };
  }

  const missing = async (
    streams: RedisStreams,
    stream: string,
    ids: readonly string[],
  ): Promise<string[]> => {
    const lost: string[] = [];
    // One by one: the client keeps room for the largest answer, and a timer until it has given it back.
    for (const id of ids) if ((await streams.range(stream, id, id, 1)).length === 0) lost.push(id);
    return lost;
  };

  // First in the file: the client's own connections to dead sentinels keep a timer for two seconds.
  it('is not found, within the start-up timeout, where no sentinel answers', async () => {
    const streams = new RedisStreams({
      url: 'redis://127.0.0.1:1,127.0.0.1:2',
      ...{ mode: 'sentinel', fsync: 'always', waitReplicas: 0, startupTimeoutMs: 500 },
    });
    const startedAt = performance.now();
    await expect(streams.start()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    await streams.close();
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  describe('with acks that wait', () => {
    sentinelsOfTheirOwn();

    it('that has become a replica is left: the next connection goes through the sentinels', async () => {
      const streams = await client();
      const stream = newShard();
      await streams.append(stream, numbered(0));
      const raw = new Redis(sentinels.primary.url, { retryStrategy: () => null });
      // By hand: the sentinels would also end its connections.
      await raw.call('REPLICAOF', '127.0.0.1', '1');
      const readOnly = expect.stringContaining('READONLY') as string;
      const refused = { code: 'STREAM_REFUSED', message: readOnly };
      await expect(streams.append(stream, numbered(1))).rejects.toMatchObject(refused);
      await expect(readAs(streams, stream)).rejects.toMatchObject(refused);
      // A replica is not taken for the primary, so there is no connection now.
      for (const call of [() => streams.append(stream, numbered(1)), () => readAs(streams, stream)]) {
        await eventually(
          () =>
            call().then(
              () => false,
              (error: unknown) => hasCode(error, 'REDIS_UNREACHABLE'),
            ),
          { what: 'the connection to be left' },
        );
      }
      await raw.call('REPLICAOF', 'NO', 'ONE');
      raw.disconnect();
      await eventually(() => streams.append(stream, numbered(2)), { what: 'the primary to be taken again' });
      await eventually(() => readAs(streams, stream), { what: 'the primary to be read again' });
    });

    it('is replaced without loss where every ack waits for a replica', async () => {
      const streams = await client(1);
      const { stream, ackedBefore, ackedBehind, failures, outageMs } = await failOver(streams, 400, 400);
      expect(ackedBehind).toEqual([]);
      expect(failures).toHaveLength(400);
      expect(describeError(failures[0])).toContain('0 of 1 replicas hold the write');
      expect(await missing(streams, stream, ackedBefore)).toEqual([]);

      // One server alone acknowledges nothing, until it has a replica again.
      const alone = () =>
        expect(streams.append(stream, numbered(0))).rejects.toThrow('0 of 1 replicas hold the write');
      await eventually(alone, { what: 'writes to reach the new primary' });
      const again = await startRedis({
        ...{ dir: join(folder, String(runs), 'another'), appendfsync: 'always' },
        extraArgs: ['--replicaof', `127.0.0.1 ${sentinels.replica.port}`],
      });
      try {
        const id = await eventually(() => streams.append(stream, numbered(1)), {
          ...{ what: 'an ack with another replica', timeoutMs: FAILOVER_TIMEOUT_MS },
        });
        expect(await missing(streams, stream, [...ackedBefore, id])).toEqual([]);
      } finally {
        await again.kill();
      }
      report(
        `with REDIS_WAIT_REPLICAS=1: 0 of ${ackedBefore.length} acks lost, ${outageMs.toFixed(0)} ms away`,
      );
    });
  });

  describe('with acks that do not wait', () => {
    sentinelsOfTheirOwn();

    it('loses what the replica did not have yet where acks do not wait, and nothing from before that', async () => {
      const streams = await client(0);
      const { stream, ackedBefore, ackedBehind, failures, outageMs } = await failOver(
        streams,
        4,
        LARGE_COUNT,
      );
      expect(failures).toEqual([]);
      expect(await missing(streams, stream, ackedBefore)).toEqual([]);
      const lost = await missing(streams, stream, ackedBehind);
      // The window: from the first entry that the replica has not got to the end, in one piece.
      expect(lost.length).toBeGreaterThan(0);
      expect(lost).toEqual(ackedBehind.slice(-lost.length));
      report(
        `without: ${lost.length} of ${ackedBehind.length} acks of the lag lost, ${outageMs.toFixed(0)} ms away`,
      );
    });
  });
});

/** Figures for docs/reference/performance.md; on the terminal of whoever runs this alone. */
function report(line: string): void {
  process.stderr.write(`fail-over ${line}\n`);
}
