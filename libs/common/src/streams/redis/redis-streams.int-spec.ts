import { Redis } from 'ioredis';
import { testServers } from '../../testing';
import { describeStreams } from '../conformance';
import { RedisStreams } from './redis-streams';

describe('on a real server', () => {
  const servers = testServers();

  describeStreams('redis', async () => {
    const client = async () => {
      const streams = new RedisStreams({
        url: servers.redisUrl,
        fsync: 'everysec',
        waitReplicas: 0,
        startupTimeoutMs: 5000,
      });
      await streams.start();
      return streams;
    };
    const [a, b] = await Promise.all([client(), client()]);
    const raw = new Redis(servers.redisUrl, { retryStrategy: () => null });
    return {
      a,
      b,
      surgery: {
        deleteKey: async (name) => void (await raw.del(name)),
        deleteEntry: async (stream, id) => void (await raw.xdel(stream, id)),
        readHash: (name) => raw.hgetall(name),
        replaceHash: async (name, fields) => void (await raw.multi().del(name).hset(name, fields).exec()),
        putText: async (name, value) => void (await raw.set(name, value)),
      },
      close: async () => {
        await Promise.all([a.close(), b.close()]);
        raw.disconnect();
      },
    };
  });
});
