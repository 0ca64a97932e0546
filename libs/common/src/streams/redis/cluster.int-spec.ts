import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { telemetryStream } from '../../contracts';
import { eventually, startRedisCluster, type RedisCluster } from '../../testing';
import { describeStreams } from '../conformance';
import { fill, GROUP, idsOf, newShard, NEVER, numbered, numbersOf, readAs } from '../conformance/bench';
import { RedisHealth } from '../health';
import { RedisStreams } from './redis-streams';
import { slotOf } from './slots';

jest.setTimeout(60_000);

describe('on a cluster of three masters', () => {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-cluster-'));
  let cluster: RedisCluster;
  const opened: RedisStreams[] = [];
  const client = async (url = cluster.url, replyTimeoutMs = 5000): Promise<RedisStreams> => {
    const streams = new RedisStreams({
      ...{
        url,
        mode: 'cluster',
        fsync: 'everysec',
        waitReplicas: 0,
        startupTimeoutMs: 10_000,
        replyTimeoutMs,
      },
    });
    opened.push(streams);
    await streams.start();
    return streams;
  };
  beforeAll(async () => {
    cluster = await startRedisCluster({ dir: folder, appendfsync: 'everysec' });
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((streams) => streams.close()));
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const nodeOf = (stream: string): number => Math.min(2, Math.floor((slotOf(stream) * 3) / 16_384));

  describeStreams('redis cluster', async () => {
    const [a, b] = await Promise.all([client(), client()]);
    // They belong to the suite, which closes them.
    opened.length = 0;
    const raw = new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }], {
      clusterRetryStrategy: () => null,
      // Closed while it is still connecting it would leave a timer behind; a bench without surgery never connects it.
      lazyConnect: true,
    });
    return {
      a,
      b,
      surgery: {
        deleteKey: async (name) => void (await raw.del(name)),
        deleteEntry: async (stream, id) => void (await raw.xdel(stream, id)),
        readHash: (name) => raw.hgetall(name),
        replaceHash: async (name, fields) => {
          await raw.del(name);
          await raw.hset(name, fields);
        },
        putText: async (name, value) => void (await raw.set(name, value)),
      },
      close: async () => {
        await Promise.all([a.close(), b.close()]);
        raw.disconnect();
      },
    };
  });

  it('keeps the telemetry shards on all nodes, each whole on one', async () => {
    const streams = await client(`redis://127.0.0.1:${cluster.nodes[1]?.port}`);
    const shards = Array.from({ length: 16 }, (_, shard) => telemetryStream(shard));
    await Promise.all(shards.map((shard) => fill(streams, shard, 3)));
    for (const shard of shards) {
      expect(numbersOf((await readAs(streams, shard)).entries)).toEqual([0, 1, 2]);
    }
    const counts = await Promise.all(
      [0, 1, 2].map(async (node) => Number(await cluster.call(node, 'DBSIZE'))),
    );
    expect(Math.min(...counts)).toBeGreaterThan(0);
    const report = await new RedisHealth(streams).check();
    expect(report.details).toMatchObject({ servers: 3, role: 'master' });
  });

  it('agrees with the servers on the slot of every kind of key', async () => {
    const keys = ['x', '{}x', '{a}b', 'a{b}c{d}', 'ü{車}', '{', '}{', 'a{}{b}', telemetryStream(7)];
    for (const key of keys) {
      expect({ key, slot: slotOf(key) }).toEqual({
        ...{ key, slot: await cluster.call(0, 'CLUSTER', 'KEYSLOT', key) },
      });
    }
  });

  it('is woken by a stream of any node, once, and waits on for the others without asking anew', async () => {
    const streams = await client();
    const shards = [0, 1, 2].map((node) => shardOn(node));
    await Promise.all(shards.map((shard) => fill(streams, shard, 1)));
    const after = new Map(await streams.lastIds(shards));
    for (const shard of [...shards, ...shards]) {
      const waiting = streams.waitForEntries(after, 20_000, NEVER);
      const id = await streams.append(shard, numbered(1));
      expect([...(await waiting)]).toEqual([[shard, id]]);
      after.set(shard, id);
    }
    expect((await streams.waitForEntries(after, 1, NEVER)).size).toBe(0);
    const blocked = await Promise.all(
      [0, 1, 2].map(
        async (node) => /blocked_clients:(\d+)/.exec(String(await cluster.call(node, 'INFO')))?.[1],
      ),
    );
    expect(blocked).toEqual(['1', '1', '1']);
  });

  it('follows a slot that is moved under load: nothing lost, doubled or out of order', async () => {
    const streams = await client();
    const reader = await client();
    const [from, to] = [0, 2];
    const stream = shardOn(from);
    const slot = slotOf(stream);
    let moved = false;
    const sent: Promise<string>[] = [];
    const writing = (async () => {
      for (let n = 0; !moved || n % 50 !== 0; n += 1) {
        const appended = streams.append(stream, numbered(n));
        sent.push(appended);
        // Several of them are under way or waiting at any time.
        if (n % 7 === 0) await appended;
      }
    })();
    const read: number[] = [];
    const readSome = async () => {
      const { entries } = await readAs(reader, stream, { count: 500 });
      read.push(...numbersOf(entries));
      if (entries.length === 0) return;
      // While its keys are on two nodes, a call that needs several of them is turned away and comes again.
      await eventually(
        () => reader.ackOwned({ stream, group: GROUP, epoch: 1n, ids: idsOf(entries) }).then(() => true),
        { what: 'the acks to be taken' },
      );
    };
    await eventually(() => sent.length > 200, { what: 'appends before the move' });
    await readSome();
    await cluster.startMoving(slot, from, to);
    await eventually(() => sent.length > 400, { what: 'appends while the slot is open' });
    await cluster.moveKeys(slot, from, to);
    const before = sent.length;
    await eventually(() => sent.length > before + 200, { what: 'appends that are told to ask' });
    const reading = readSome();
    await cluster.finishMoving(slot, from, to);
    await reading;
    const after = sent.length;
    await eventually(() => sent.length > after + 200, { what: 'appends after the move' });
    moved = true;
    await writing;
    const ids = await Promise.all(sent);
    expect(new Set(ids).size).toBe(sent.length);
    await eventually(async () => (await readSome(), read.length === sent.length), {
      what: 'all of them read',
    });
    expect(read).toEqual(Array.from({ length: sent.length }, (_, n) => n));
  });

  it('says of a node that is gone that it does not know, and serves the others', async () => {
    const streams = await client(cluster.url, 500);
    const [here, gone] = [shardOn(0), shardOn(1)];
    await Promise.all([here, gone].map((stream) => fill(streams, stream, 1)));
    const pid = cluster.nodes[1]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      const unheard = expect(streams.append(gone, numbered(2))).rejects.toMatchObject({
        code: 'REDIS_UNREACHABLE',
      });
      await streams.append(here, numbered(2));
      expect(numbersOf(await streams.range(here, '-', '+', 9))).toEqual([0, 2]);
      await unheard;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await eventually(() => streams.append(gone, numbered(3)), { what: 'the node to serve again' });
  });

  /** Of this test's own. */
  function shardOn(node: number): string {
    for (;;) {
      const stream = newShard();
      if (nodeOf(stream) === node) return stream;
    }
  }
});
