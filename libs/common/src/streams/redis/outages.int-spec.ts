import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMark } from '../../contracts';
import { OdographError } from '../../errors';
import { eventually, startRedis, type RedisServer } from '../../testing';
import {
  fill,
  GROUP,
  idsOf,
  NEVER,
  newShard,
  newTopic,
  numbered,
  numbersOf,
  readAs,
} from '../conformance/bench';
import { startLossyProxy, type LossyProxy } from '../conformance/lossy-proxy';
import { FIRST_MARK } from '../arguments';
import { RedisStreams } from './redis-streams';

const REPLY_TIMEOUT_MS = 400;
const UNREACHABLE = { code: 'REDIS_UNREACHABLE' };

// They kill and start servers.
jest.setTimeout(30_000);

describe('outages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-outages-'));
  let server: RedisServer;
  const start = async (port?: number) => {
    server = await startRedis({
      ...{ dir: join(folder, 'redis'), appendfsync: 'always' },
      ...(port === undefined ? {} : { port }),
    });
  };
  const opened: RedisStreams[] = [];
  const open = async (url = server.url, replyTimeoutMs = REPLY_TIMEOUT_MS): Promise<RedisStreams> => {
    const streams = new RedisStreams({
      ...{ url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5000, replyTimeoutMs },
    });
    opened.push(streams);
    await streams.start();
    return streams;
  };
  /** On both of its connections, which come back on their own. */
  const back = async (streams: RedisStreams) => {
    await eventually(() => streams.ping(100).then(() => true), { what: 'reads to work again' });
    await eventually(() => streams.append(newShard(), numbered(0)), { what: 'writes to work again' });
  };

  beforeAll(() => start(), 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((streams) => streams.close()));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps every acknowledged append through a kill, and says of the others that it does not know', async () => {
    const streams = await open();
    const stream = newShard();
    const acked: string[] = [];
    const unknown: unknown[] = [];
    let killed = false;
    const writer = async (from: number) => {
      for (let n = from; !killed || unknown.length === 0; n += 1) {
        await streams.append(stream, numbered(n)).then(
          (id) => acked.push(id),
          (error: unknown) => unknown.push(error),
        );
      }
    };
    const writers = Array.from({ length: 20 }, (_, i) => writer(i * 1_000_000));
    await eventually(() => acked.length > 500, { what: 'appends' });
    await server.kill();
    killed = true;
    await Promise.all(writers);
    expect(
      unknown.every((error) => error instanceof OdographError && error.code === 'REDIS_UNREACHABLE'),
    ).toBe(true);

    await start(server.port);
    await back(streams);
    const kept = new Set(idsOf(await streams.range(stream, '-', '+', 1_000_000)));
    expect(acked.filter((id) => !kept.has(id))).toEqual([]);
  });

  it('reads, waits and publishes again after a kill, without being told', async () => {
    const streams = await open();
    const [stream, topic] = [newShard(), newTopic()];
    await fill(streams, stream, 4);
    await readAs(streams, stream, { count: 2 });
    await streams.publishOnce({
      stream: topic,
      windowMs: 60_000,
      messages: [{ dedupeId: 'x', fields: numbered(1) }],
    });
    const waiting = streams.waitForEntries(await streams.lastIds([stream]), 60_000, NEVER);
    const ended = expect(waiting).rejects.toMatchObject(UNREACHABLE);
    await streams.ping(100);
    await server.kill();
    await ended;
    await expect(readAs(streams, stream)).rejects.toMatchObject(UNREACHABLE);
    const startedAt = performance.now();
    const futile = streams.waitForEntries(new Map([[stream, '0-0']]), 60_000, NEVER);
    await expect(futile).rejects.toMatchObject(UNREACHABLE);
    expect(performance.now() - startedAt).toBeLessThan(1000);

    await start(server.port);
    await back(streams);
    const read = await readAs(streams, stream);
    expect(read.redelivered).toBe(true);
    expect(numbersOf(read.entries)).toEqual([0, 1]);
    const again = { stream: topic, windowMs: 60_000, messages: [{ dedupeId: 'x', fields: numbered(1) }] };
    expect(await streams.publishOnce(again)).toMatchObject([{ isNew: false }]);
    const grown = streams.waitForEntries(await streams.lastIds([stream]), 60_000, NEVER);
    await streams.append(stream, numbered(9));
    expect((await grown).size).toBe(1);
  });

  it('answers within a bounded time for a server that is frozen, and for everybody who waits behind', async () => {
    const streams = await open();
    const stream = newShard();
    await fill(streams, stream, 1);
    process.kill(server.pid, 'SIGSTOP');
    const startedAt = performance.now();
    try {
      const calls = [
        ...Array.from({ length: 3000 }, (_, n) => streams.append(stream, numbered(n))),
        ...[streams.lastIds([stream]), streams.memory(), streams.readProjection('x', 'y')],
      ];
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(REPLY_TIMEOUT_MS * 3);
      await expect(streams.ping(200)).rejects.toMatchObject(UNREACHABLE);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await back(streams);
  });

  it('leaves a connection that has gone silent for a new one', async () => {
    const proxy = await startLossyProxy(server.port);
    const streams = await open(`redis://127.0.0.1:${proxy.port}`);
    proxy.silence();
    await expect(streams.ping(200)).rejects.toMatchObject(UNREACHABLE);
    await expect(streams.append(newShard(), numbered(1))).rejects.toMatchObject(UNREACHABLE);
    await back(streams);
    await streams.close();
    await proxy.close();
  });

  it('gives up at start when nothing answers, within the start-up timeout', async () => {
    const streams = new RedisStreams({
      ...{ url: 'redis://:secret@127.0.0.1:1', fsync: 'always', waitReplicas: 0, startupTimeoutMs: 300 },
    });
    const startedAt = performance.now();
    const error: unknown = await streams.start().catch((reason: unknown) => reason);
    await streams.stop();
    expect(error).toMatchObject(UNREACHABLE);
    expect(String(error)).toContain('ECONNREFUSED');
    expect(String(error)).not.toContain('secret');
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('can be stopped before, during and after its start', async () => {
    const options = { url: server.url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5000 } as const;
    await new RedisStreams(options).stop();
    const starting = new RedisStreams(options);
    const started = starting.start();
    const refused = expect(started).rejects.toMatchObject(UNREACHABLE);
    await starting.stop();
    await refused;
    const streams = await open();
    await streams.stop();
    await streams.stop();
  });

  describe('a lost answer', () => {
    let proxy: LossyProxy;
    let streams: RedisStreams;
    beforeEach(async () => {
      proxy = await startLossyProxy(server.port);
      // Whoever lost an answer learns it from the connection, long before this.
      streams = await open(`redis://127.0.0.1:${proxy.port}`, 600_000);
      // So that the server knows the scripts, and the answer that is lost is not that it does not.
      const [stream, topic] = [newShard(), newTopic()];
      await readAs(streams, stream);
      await streams.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ['1-1'] });
      await streams.deadLetter({ stream, deadLetterStream: stream, group: GROUP, epoch: 1n, letters: [] });
      await streams.claimMark({ stream: topic, part: 0, epoch: 1n });
      await streams.publishOnce({
        ...{ stream: topic, windowMs: 60_000 },
        messages: [{ dedupeId: 'x', fields: numbered(1) }],
      });
    });
    afterEach(async () => {
      await streams.close();
      await proxy.close();
    });

    /** The call is served, its caller learns nothing, and calls again as soon as there is a connection. */
    async function loseThenRepeat<Value>(call: () => Promise<Value>): Promise<Value> {
      const lost = proxy.loseNextAnswer();
      await expect(call()).rejects.toMatchObject(UNREACHABLE);
      await lost;
      return eventually(call, { what: 'the repeated call' });
    }

    it('of marked publishing adds nothing twice, and nothing is resent behind our back', async () => {
      const stream = newTopic();
      await streams.claimMark({ stream, part: 0, epoch: 1n });
      const messages = [1n, 2n, 3n].map((id) => ({
        mark: encodeMark({ generation: 0n, xid: 1n, id }),
        fields: numbered(Number(id)),
      }));
      const acknowledged = { epoch: 0n, count: 0, mark: FIRST_MARK };
      const call = { stream, part: 0, epoch: 1n, acknowledged };
      await streams.publishMarked({ ...call, messages: messages.slice(0, 1) });
      const repeated = await loseThenRepeat(() => streams.publishMarked({ ...call, messages }));
      expect(repeated).toMatchObject({ kind: 'published', added: 0, skipped: 3, count: 3 });
      expect(numbersOf(await streams.range(stream, '-', '+', 99))).toEqual([1, 2, 3]);
    });

    it('of a claim is answered alike the second time', async () => {
      const stream = newTopic();
      await streams.claimMark({ stream, part: 0, epoch: 4n });
      const repeated = await loseThenRepeat(() => streams.claimMark({ stream, part: 0, epoch: 5n }));
      expect(repeated).toMatchObject({ kind: 'claimed', previousEpoch: 4n });
    });

    it('of publishing once gives the first entry', async () => {
      const stream = newTopic();
      const messages = [{ dedupeId: 'a', fields: numbered(1) }];
      const repeated = await loseThenRepeat(() =>
        streams.publishOnce({ stream, windowMs: 60_000, messages }),
      );
      expect(repeated).toMatchObject([{ isNew: false }]);
      expect(await streams.range(stream, '-', '+', 9)).toHaveLength(1);
    });

    it('of an owned read, an ack and a dead letter changes nothing', async () => {
      const stream = newShard();
      const ids = await fill(streams, stream, 3);
      const read = await loseThenRepeat(() => readAs(streams, stream, { count: 2 }));
      expect(read.redelivered).toBe(true);
      expect(idsOf(read.entries)).toEqual(ids.slice(0, 2));
      const letter = {
        ...{ stream, deadLetterStream: stream.replace('test', 'dlq'), group: GROUP, epoch: 1n },
        letters: [{ id: ids[0] ?? '', fields: numbered(0) }],
      };
      expect(await loseThenRepeat(() => streams.deadLetter(letter))).toBe('parked');
      expect(await streams.range(letter.deadLetterStream, '-', '+', 9)).toHaveLength(1);
      const ack = { stream, group: GROUP, epoch: 1n, ids: ids.slice(1, 2) };
      expect(await loseThenRepeat(() => streams.ackOwned(ack))).toBe('acked');
      expect(idsOf((await readAs(streams, stream)).entries)).toEqual(ids.slice(2));
    });
  });
});
