import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMark } from '../../contracts';
import { startRedis, type RedisServer } from '../../testing';
import { FIRST_MARK } from '../arguments';
import { newShard } from '../conformance/bench';
import { RedisHealth } from '../health';
import { type Fsync } from './durability';
import { RedisStreams } from './redis-streams';

// Every test starts servers of its own.
jest.setTimeout(30_000);

describe('durability', () => {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-durability-'));
  let servers = 0;

  async function on(
    extraArgs: string[],
    check: (client: (fsync: Fsync, replicas?: number) => RedisStreams) => Promise<void>,
    appendfsync: Fsync = 'always',
  ): Promise<void> {
    const clients: RedisStreams[] = [];
    const server: RedisServer = await startRedis({
      ...{ dir: join(folder, `redis-${(servers += 1)}`), appendfsync, extraArgs },
    });
    try {
      await check((fsync, waitReplicas = 0) => {
        const streams = new RedisStreams({ url: server.url, fsync, waitReplicas, startupTimeoutMs: 5000 });
        clients.push(streams);
        return streams;
      });
    } finally {
      await Promise.all(clients.map((client) => client.close()));
      await server.kill();
    }
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const refusal = (message: string) => ({
    code: 'REDIS_NOT_DURABLE',
    message: expect.stringContaining(message) as string,
  });

  it('refuses a server without an append-only file, and one that evicts, naming both', async () => {
    const args = ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'];
    await on(args, async (client) => {
      const start = client('everysec').start();
      await expect(start).rejects.toMatchObject(refusal('appendonly is no, maxmemory-policy is allkeys-lru'));
    });
  });

  it('refuses them by INFO where CONFIG is forbidden, and believes what is declared of the fsync', async () => {
    const forbidden = ['--rename-command', 'CONFIG', ''];
    await on([...forbidden, '--appendonly', 'no'], async (client) => {
      await expect(client('always').start()).rejects.toMatchObject(refusal('appendonly is no'));
    });
    await on([...forbidden, '--maxmemory-policy', 'volatile-ttl'], async (client) => {
      await expect(client('always').start()).rejects.toMatchObject(refusal('volatile-ttl'));
    });
    await on(forbidden, (client) => client('always').start(), 'everysec');
  });

  it('holds the server to its declared fsync, and names the risk of everysec', async () => {
    await on(
      [],
      async (client) => {
        await expect(client('always').start()).rejects.toMatchObject(refusal('appendfsync is everysec'));
        const streams = client('everysec');
        await streams.start();
        const report = await new RedisHealth(streams).check();
        expect(report).toMatchObject({
          status: 'degraded',
          details: { appendOnlyFile: 'on', lastWrite: 'ok' },
        });
        expect(report.details['fsync']).toContain('at risk');
      },
      'everysec',
    );
  });

  it('is up on a durable server, degraded when it fills, and still drains it when it is full', async () => {
    await on(['--maxmemory', '8mb'], async (client) => {
      const streams = client('always');
      await streams.start();
      const health = new RedisHealth(streams);
      expect(await health.check()).toMatchObject({
        status: 'up',
        details: { fsync: 'always', role: 'master', memory: expect.stringContaining('maxmemory') as string },
      });

      const stream = newShard();
      const frame = Buffer.alloc(100_000, 1);
      for (let n = 0; n < 30; n += 1) await streams.append(stream, { frame });
      await streams.claimMark({ stream: 'topic', part: 0, epoch: 1n });
      await streams.commands.onEach((redis) => redis.config('SET', 'maxmemory', '2mb'));
      const full = { code: 'STREAM_REFUSED', message: expect.stringContaining('OOM') as string };
      await expect(streams.append(stream, { frame })).rejects.toMatchObject(full);
      // Not a refusal of this message: it must not be parked for it.
      const mark = encodeMark({ generation: 0n, xid: 1n, id: 1n });
      const publish = {
        ...{ stream: 'topic', part: 0, epoch: 1n, messages: [{ mark, fields: { n: '1' } }] },
        acknowledged: { epoch: 0n, count: 0, mark: FIRST_MARK },
      };
      await expect(streams.publishMarked(publish)).rejects.toMatchObject(full);
      expect(await health.check()).toMatchObject({ status: 'degraded' });

      const owner = { stream, group: 'g', epoch: 1n };
      const read = await streams.readOwned({ ...owner, consumer: 'c', count: 100 });
      if (read.kind === 'stale') throw new Error('nobody else owns it');
      const ids = read.entries.map(({ id }) => id);
      expect(ids).toHaveLength(30);
      expect(await streams.ackOwned({ ...owner, ids })).toBe('acked');
    });
  });

  it('counts a write only when the replicas that are asked for hold it', async () => {
    await on([], async (client) => {
      const streams = client('always', 1);
      await streams.start();
      await expect(streams.append(newShard(), { n: '1' })).rejects.toMatchObject({
        code: 'STREAM_REFUSED',
        message: expect.stringContaining('0 of 1 replicas') as string,
      });
    });
  });
});
