import { randomUUID } from 'node:crypto';
import { type ChainableCommander } from 'ioredis';
import { companionKey, DEVICE_REGISTRY_COMPLETE } from '../../contracts';
import { type ProjectedValue, type ProjectionChanges, type Projections } from '../port';
import { type RedisNodes } from './nodes';
import { refused, streamError } from './stream-error';

const LARGEST_WRITE = 1000;
/** A replacement that its writer did not finish goes away by itself. */
const UNFINISHED_SECONDS = 600;

export class RedisProjections implements Projections {
  constructor(private readonly commands: RedisNodes) {}

  async readProjection(name: string, field: string): Promise<ProjectedValue> {
    const [value, complete] = await this.commands.run(name, (redis) =>
      redis.hmget(name, field, DEVICE_REGISTRY_COMPLETE),
    );
    return {
      complete: typeof complete === 'string',
      ...(typeof value === 'string' ? { value } : {}),
    };
  }

  async writeProjection(
    name: string,
    { set, remove }: ProjectionChanges,
    complete?: boolean,
  ): Promise<{ readonly complete: boolean }> {
    return this.commands.run(name, async (redis) => {
      const write = redis.multi();
      if (complete === false) write.hdel(name, DEVICE_REGISTRY_COMPLETE);
      const pairs = Object.entries(set).flat();
      if (pairs.length > 0) write.hset(name, ...pairs);
      if (remove.length > 0) write.hdel(name, ...remove);
      if (complete === true) write.hset(name, DEVICE_REGISTRY_COMPLETE, '1');
      write.hexists(name, DEVICE_REGISTRY_COMPLETE);
      return { complete: (await lastReply(write)) === 1 };
    });
  }

  async replaceProjection(
    name: string,
    entries: Iterable<readonly [field: string, value: string]>,
  ): Promise<void> {
    // Built aside under a name of its own (two may replace at once) and put into place in one step.
    const next = companionKey(name, `next:${randomUUID()}`);
    const pairs: string[] = [];
    const flush = async () => {
      const chunk = pairs.splice(0);
      await this.commands.run(name, (redis) =>
        lastReply(
          redis
            .multi()
            .hset(next, ...chunk)
            .expire(next, UNFINISHED_SECONDS),
        ),
      );
    };
    for (const [field, value] of entries) {
      pairs.push(field, value);
      if (pairs.length >= 2 * LARGEST_WRITE) await flush();
    }
    pairs.push(DEVICE_REGISTRY_COMPLETE, '1');
    await flush();
    await this.commands.run(name, (redis) => lastReply(redis.multi().persist(next).rename(next, name)));
  }
}

/** The reply of a transaction's last command; rejects with the first error of any. */
async function lastReply(transaction: ChainableCommander): Promise<unknown> {
  const results = await transaction.exec();
  if (results === null || results.length === 0) throw refused('the transaction was discarded');
  const failed = results.find(([error]) => error !== null);
  if (failed) throw streamError(failed[0]);
  return results.at(-1)?.[1];
}
