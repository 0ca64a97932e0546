import { Redis } from 'ioredis';
import { Child, serveOrders } from '../shared/child';
import { cpuSeconds } from '../shared/process-figures';
import { executed } from '../relay/executed';
import { type NotificationServers, TARGETS } from './servers';

export const APPEND_ROLE = 'append-limit';
const PIPELINE = 500;
/** The next one is written while Redis works on this one. */
const IN_FLIGHT = 2;
/** So many different ones of each stream. */
const SAMPLES = 2_000;

type Order =
  { readonly kind: 'take'; readonly url: string } | { readonly kind: 'append'; readonly count: number };

const limitStream = (stream: string): string => `bench:limit:${stream}`;

interface Sample {
  readonly stream: string;
  readonly fields: readonly string[];
}

/** The body of the limit's process: XADDs of entries that the app wrote before, through ioredis' pipeline. */
export function serveAppends(): void {
  let redis: Redis | undefined;
  let samples: readonly Sample[] = [];
  serveOrders(async (order: Order): Promise<number> => {
    if (order.kind === 'take') {
      redis = new Redis(order.url);
      samples = await take(redis);
      return samples.length;
    }
    if (redis === undefined || samples.length === 0) throw new Error('there are no entries yet');
    return append(redis, samples, order.count);
  });
}

async function take(redis: Redis): Promise<Sample[]> {
  const byStream = await Promise.all(
    TARGETS.map(async (stream) => {
      const entries = await redis.xrange(stream, '-', '+', 'COUNT', SAMPLES);
      return entries.map(([, fields]) => ({ stream: limitStream(stream), fields }));
    }),
  );
  // By turns, as two publishers would.
  const [longest = []] = byStream.toSorted((a, b) => b.length - a.length);
  return longest.flatMap((_, i) => byStream.flatMap((entries) => entries[i] ?? []));
}

/** Resolves to ms. */
async function append(redis: Redis, samples: readonly Sample[], count: number): Promise<number> {
  await redis.unlink(...TARGETS.map(limitStream));
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const pipeline = redis.pipeline();
      for (let i = 0; i < PIPELINE && next < count; i += 1, next += 1) {
        const sample = samples[next % samples.length];
        if (sample !== undefined) pipeline.xadd(sample.stream, '*', ...sample.fields);
      }
      await executed(pipeline);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const tookMs = performance.now() - startedAt;
  await redis.unlink(...TARGETS.map(limitStream));
  return tookMs;
}

/** Bare pipelined XADD of the app's own entries, in one process. */
export class AppendLimit {
  private readonly child = new Child<Order>(APPEND_ROLE);

  constructor(private readonly servers: NotificationServers) {}

  /** Learns the entries from those that are in the target streams. */
  async take(): Promise<void> {
    await this.child.order({ kind: 'take', url: this.servers.redis.url });
  }

  /** Routes a second, and microseconds of CPU a route. */
  async measure(count: number): Promise<{ perS: number; cpuUs: Record<'client' | 'redis', number> }> {
    const before = this.cpuSeconds();
    const tookMs = Number(await this.child.order({ kind: 'append', count }));
    const after = this.cpuSeconds();
    const us = (of: keyof typeof before): number => ((after[of] - before[of]) * 1e6) / count;
    return { perS: (count * 1000) / tookMs, cpuUs: { client: us('client'), redis: us('redis') } };
  }

  end(): void {
    this.child.end();
  }

  private cpuSeconds(): Record<'client' | 'redis', number> {
    return { client: cpuSeconds(this.child.pid), redis: this.servers.cpuSeconds().redis };
  }
}
