import { describeStreams, type Bench } from '../conformance';
import { MemoryServer } from './memory-server';
import { MemoryStreams } from './memory-streams';

function memoryBench(): Bench {
  const server = new MemoryServer();
  const [a, b] = [new MemoryStreams(server), new MemoryStreams(server)];
  return {
    a,
    b,
    surgery: {
      deleteKey: (name) => Promise.resolve(server.delete(name)),
      deleteEntry: (name, id) => {
        server.stream(name)?.remove((entry) => entry.id === id);
        return Promise.resolve();
      },
      readHash: (name) => Promise.resolve(Object.fromEntries(server.hash(name) ?? [])),
      replaceHash: (name, fields) => Promise.resolve(server.put(name, new Map(Object.entries(fields)))),
      putText: (name, value) => Promise.resolve(server.put(name, value)),
    },
    close: async () => {
      await a.close();
      await b.close();
    },
  };
}

describeStreams('memory', () => Promise.resolve(memoryBench()));

describe('MemoryServer', () => {
  it('goes by the clock that it is given', async () => {
    let nowMs = 5000;
    const streams = new MemoryStreams(new MemoryServer(() => nowMs));
    expect(await streams.append('s', { n: '1' })).toBe('5000-0');
    expect(await streams.append('s', { n: '2' })).toBe('5000-1');
    nowMs = 4000;
    expect(await streams.append('s', { n: '3' })).toBe('5000-2');
    nowMs = 65_000;
    await streams.readGroup({
      ...{ stream: 's', group: 'g', consumer: 'c', count: 1, blockMs: 0 },
      signal: new AbortController().signal,
    });
    nowMs += 60_000;
    const claim = { stream: 's', group: 'g', consumer: 'd', count: 9 };
    expect((await streams.claimIdle({ ...claim, minIdleMs: 60_001 })).entries).toHaveLength(0);
    expect((await streams.claimIdle({ ...claim, minIdleMs: 60_000 })).entries).toHaveLength(1);
    expect((await streams.info('s', []))?.groups[0]).toMatchObject({ oldestPendingMs: 120_000 });
  });

  it('can be unreachable or full', async () => {
    const server = new MemoryServer();
    const streams = new MemoryStreams(server);
    server.reachable = false;
    await expect(streams.append('s', { n: '1' })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    server.reachable = true;
    server.refusal = "OOM command not allowed when used memory > 'maxmemory'.";
    await expect(streams.append('s', { n: '1' })).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
    server.refusal = undefined;
    await expect(streams.append('s', { n: '1' })).resolves.toBeDefined();
  });
});
