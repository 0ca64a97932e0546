import { type Redis } from 'ioredis';
import { companionKey } from '../../contracts';
import { type StreamEntry } from '../entries';
import releasePending from '../lua/release-pending.lua';
import removeConsumer from '../lua/remove-consumer.lua';
import removeDrained from '../lua/remove-drained.lua';
import replayLetter from '../lua/replay-letter.lua';
import resolveLetter from '../lua/resolve-letter.lua';
import {
  type ConsumerInfo,
  type PendingEntry,
  type PendingQuery,
  type ReleaseRequest,
  type ReplayedLetter,
  type ReplayRequest,
  type StreamOperations,
} from '../port';
import { type RedisNodes } from './nodes';
import { asInteger, asText, entriesOf, list, pairsOf, ReplyReader } from './reply';
import { Script } from './script';
import { isReplyError } from './stream-error';

const scripts = {
  release: new Script(releasePending, { draining: true }),
  removeConsumer: new Script(removeConsumer, { draining: true }),
  removeDrained: new Script(removeDrained, { draining: true }),
  replay: new Script(replayLetter),
  resolve: new Script(resolveLetter, { draining: true }),
};

/** Longer than an operator repeats a command whose answer was lost. */
const OUTCOME_MEMORY_MS = 7 * 24 * 3_600_000;
/** Above any threshold that an app claims by. */
const AGES_MS = 365 * 24 * 3_600_000;

const outcomeKey = (stream: string, id: string): string => companionKey(stream, `outcome:${id}`);

export class RedisOperations implements StreamOperations {
  constructor(
    private readonly commands: RedisNodes,
    private readonly writes: RedisNodes,
    private readonly replicas: number,
  ) {}

  async newest(stream: string, count: number, before?: string): Promise<readonly StreamEntry[]> {
    const from = before === undefined ? '+' : `(${before}`;
    return entriesOf(
      await this.commands.run(stream, (redis) =>
        redis.callBuffer('XREVRANGE', stream, from, '-', 'COUNT', count),
      ),
    );
  }

  async listPending({ stream, group, consumer, count }: PendingQuery): Promise<readonly PendingEntry[]> {
    const args = [stream, group, '-', '+', count, ...(consumer === undefined ? [] : [consumer])];
    const reply = await this.whereItExists(stream, (redis) => redis.callBuffer('XPENDING', ...args));
    return reply.map((item) => {
      const [id, owner, idleMs, deliveries] = list(item);
      return {
        ...{ id: asText(id), consumer: asText(owner) },
        ...{ idleMs: asInteger(idleMs), deliveries: asInteger(deliveries) },
      };
    });
  }

  async consumers(stream: string, group: string): Promise<readonly ConsumerInfo[]> {
    const reply = await this.whereItExists(stream, (redis) =>
      redis.callBuffer('XINFO', 'CONSUMERS', stream, group),
    );
    return reply.map((item) => {
      const details = pairsOf(item);
      const number = (name: string): number => asInteger(details.get(name));
      return { name: asText(details.get('name')), pending: number('pending'), idleMs: number('idle') };
    });
  }

  async ownEpoch(stream: string): Promise<bigint | undefined> {
    const epoch = await this.commands.run(stream, (redis) => redis.get(companionKey(stream, 'own')));
    return epoch === null ? undefined : BigInt(epoch);
  }

  async releasePending(request: ReleaseRequest): Promise<readonly string[]> {
    const { stream, group, from, minIdleMs, count } = request;
    const args = [group, from, minIdleMs, count, AGES_MS];
    const reply = await this.writes.run(stream, (redis) =>
      scripts.release.run(redis, [stream], args, this.replicas),
    );
    await this.writes.run(stream, (redis) => scripts.removeConsumer.run(redis, [stream], [group, from]));
    return list(reply).map(asText);
  }

  async replayLetter({ deadLetterStream, id, target, without }: ReplayRequest): Promise<ReplayedLetter> {
    const keys = [deadLetterStream, target, outcomeKey(deadLetterStream, id)];
    const args = [id, OUTCOME_MEMORY_MS, 'replay_of', ...without];
    const reply = await this.writes.run(deadLetterStream, (redis) =>
      scripts.replay.run(redis, keys, args, this.replicas),
    );
    const reader = new ReplyReader(reply);
    const kind = reader.text();
    if (kind === 'gone') return { kind };
    return { kind: kind === 'replayed' ? kind : 'known', entryId: reader.text() };
  }

  async resolveLetter(deadLetterStream: string, id: string): Promise<boolean> {
    const keys = [deadLetterStream, outcomeKey(deadLetterStream, id)];
    const reply = await this.writes.run(deadLetterStream, (redis) =>
      scripts.resolve.run(redis, keys, [id, OUTCOME_MEMORY_MS], this.replicas),
    );
    return asInteger(reply) > 0;
  }

  async removeDrained(stream: string): Promise<boolean> {
    return (
      asInteger(await this.writes.run(stream, (redis) => scripts.removeDrained.run(redis, [stream], []))) ===
      1
    );
  }

  /** A list, empty where the stream or the group does not exist. */
  private async whereItExists(
    stream: string,
    ask: (redis: Redis) => Promise<unknown>,
  ): Promise<readonly unknown[]> {
    return this.commands.run(stream, async (redis) => {
      try {
        return list(await ask(redis));
      } catch (error) {
        const isMissing =
          isReplyError(error, 'NOGROUP') ||
          (isReplyError(error, 'ERR') && error.message.includes('no such key'));
        if (!isMissing) throw error;
        return [];
      }
    });
  }
}
