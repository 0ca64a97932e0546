import { STREAM_START, type StreamEntry } from '../entries';
import {
  type ClaimedEntries,
  type ClaimIdleRequest,
  type GroupReadRequest,
  type GroupStreams,
} from '../port';
import { type BlockingCommands } from './blocking-reads';
import { type RedisNodes } from './nodes';
import { asText, entriesOf, list } from './reply';
import { isReplyError } from './stream-error';

export class RedisGroupStreams implements GroupStreams {
  constructor(
    private readonly commands: RedisNodes,
    private readonly blocking: BlockingCommands,
  ) {}

  ensureGroup(stream: string, group: string): Promise<void> {
    return this.commands.run(stream, async (redis) => {
      try {
        await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
      } catch (error) {
        if (!isReplyError(error, 'BUSYGROUP')) throw error;
      }
    });
  }

  async readGroup(request: GroupReadRequest): Promise<readonly StreamEntry[]> {
    const { stream, group, signal } = request;
    if (signal.aborted) return [];
    const reply = await this.healing(stream, group, () => this.read(request));
    if (reply === undefined || reply === null) return [];
    const [first] = list(reply);
    return entriesOf(list(first)[1]);
  }

  claimIdle({ stream, group, consumer, minIdleMs, count }: ClaimIdleRequest): Promise<ClaimedEntries> {
    return this.healing(stream, group, () =>
      this.commands.run(stream, async (redis) => {
        const entries: StreamEntry[] = [];
        const lostIds: string[] = [];
        // One call looks at ten times COUNT pending entries at most, and may find none of them idle.
        for (let from = STREAM_START; ;) {
          const args = [stream, group, consumer, minIdleMs, from, 'COUNT', count - entries.length];
          const [next, claimed, lost] = list(await redis.callBuffer('XAUTOCLAIM', ...args));
          entries.push(...entriesOf(claimed));
          lostIds.push(...list(lost).map(asText));
          from = asText(next);
          if (from === STREAM_START || entries.length >= count) return { entries, lostIds };
        }
      }),
    );
  }

  async ackGroup(stream: string, group: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.commands.run(stream, (redis) => redis.xack(stream, group, ...ids));
  }

  private read({ stream, group, consumer, count, blockMs, signal }: GroupReadRequest): Promise<unknown> {
    const head = ['GROUP', group, consumer, 'COUNT', count];
    const tail = ['STREAMS', stream, '>'];
    return blockMs === 0
      ? this.commands.run(stream, (redis) => redis.callBuffer('XREADGROUP', ...head, ...tail))
      : this.blocking.read(stream, blockMs, signal, (redis) =>
          redis.callBuffer('XREADGROUP', ...head, 'BLOCK', blockMs, ...tail),
        );
  }

  /** A group can be gone at any time: a restored server, a deleted stream, also while somebody waits for it. */
  private async healing<Value>(stream: string, group: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!isReplyError(cause, 'NOGROUP') && !isReplyError(cause, 'UNBLOCKED')) throw error;
      await this.ensureGroup(stream, group);
      return work();
    }
  }
}
