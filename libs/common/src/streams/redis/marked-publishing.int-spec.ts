import fc from 'fast-check';
import { Redis } from 'ioredis';
import { companionKey, encodeMark } from '../../contracts';
import { testServers } from '../../testing';
import { FIRST_MARK } from '../arguments';
import { newTopic, numbered, numbersOf } from '../conformance/bench';
import { type PublishedMark } from '../port';
import { RedisStreams } from './redis-streams';

const PART = 0;
const MESSAGES = 30;
const outbox = Array.from({ length: MESSAGES }, (_, i) => ({
  // Ids go down while transaction ids go up, as they do when a transaction that began early commits late.
  mark: encodeMark({ generation: 0n, xid: BigInt(i + 1), id: BigInt(MESSAGES - i) }),
  fields: numbered(i),
}));

/** What can happen between two calls, or to a call. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  // The call is served and its answer lost; the process may go on, or be replaced.
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('lose' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'takeOver' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('zombie' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'backup' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);

describe('marked publishing under crashes, take-overs, zombies and restored stores', () => {
  const servers = testServers();
  let streams: RedisStreams;
  let raw: Redis;
  beforeAll(async () => {
    raw = new Redis(servers.redisUrl, { retryStrategy: () => null });
    streams = new RedisStreams({
      ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
    });
    await streams.start();
  });
  afterAll(async () => {
    await streams.close();
    raw.disconnect();
  });

  /** The relay in little: a cursor that only the lease's owner moves, and processes that remember what they read. */
  class Relay {
    private readonly stream = newTopic();
    private cursor: PublishedMark = { epoch: 0n, count: 0, mark: FIRST_MARK };
    private epoch = 0n;
    /** What the process before the last take-over still believes. */
    private zombie: { epoch: bigint; cursor: PublishedMark } | undefined;
    private saved: (Buffer | null)[] | undefined;

    async takeOver(): Promise<void> {
      this.zombie = { epoch: this.epoch, cursor: this.cursor };
      this.epoch += 1n;
      await this.claim();
    }

    private async claim(): Promise<void> {
      const { kind } = await streams.claimMark({ stream: this.stream, part: PART, epoch: this.epoch });
      if (kind === 'fenced') throw new Error('the newest owner was fenced');
    }

    private call(epoch: bigint, acknowledged: PublishedMark, count: number) {
      const messages = outbox.filter(({ mark }) => mark > acknowledged.mark).slice(0, count);
      return streams.publishMarked({ stream: this.stream, part: PART, epoch, acknowledged, messages });
    }

    async publish(count: number): Promise<void> {
      const result = await this.call(this.epoch, this.cursor, count);
      if (result.kind === 'fenced' || result.kind === 'refused') throw new Error(`it was ${result.kind}`);
      this.cursor = { epoch: this.epoch, count: result.count, mark: result.mark };
      if (result.kind === 'behind' && result.epoch < this.epoch) await this.claim();
    }

    async lose(count: number): Promise<void> {
      await this.call(this.epoch, this.cursor, count);
    }

    async publishAsZombie(count: number): Promise<void> {
      if (this.zombie) await this.call(this.zombie.epoch, this.zombie.cursor, count);
    }

    private get keys(): string[] {
      return [this.stream, companionKey(this.stream, `mark:${PART}`)];
    }

    async backup(): Promise<void> {
      this.saved = await Promise.all(this.keys.map((key) => raw.dumpBuffer(key)));
    }

    async restore(): Promise<void> {
      if (this.saved === undefined) return;
      for (const [i, key] of this.keys.entries()) {
        const dump = this.saved[i];
        if (dump) await raw.restore(key, 0, dump, 'REPLACE');
        else await raw.del(key);
      }
    }

    async finish(): Promise<number[]> {
      const last = outbox.at(-1)?.mark;
      for (let rounds = 0; rounds < MESSAGES * 2; rounds += 1) {
        await this.publish(5);
        const { mark } = this.cursor;
        if (mark === last) break;
      }
      // The store may have lost its tail after the last answer: one more call finds out.
      for (let rounds = 0; rounds < 10; rounds += 1) await this.publish(MESSAGES);
      return numbersOf(await streams.range(this.stream, '-', '+', 1000));
    }
  }

  it('ends with every message once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const relay = new Relay();
        await relay.takeOver();
        for (const next of steps) {
          if (next.do === 'publish') await relay.publish(next.count);
          else if (next.do === 'lose') await relay.lose(next.count);
          else if (next.do === 'takeOver') await relay.takeOver();
          else if (next.do === 'zombie') await relay.publishAsZombie(next.count);
          else if (next.do === 'backup') await relay.backup();
          else await relay.restore();
        }
        expect(await relay.finish()).toEqual(outbox.map((_, i) => i));
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
