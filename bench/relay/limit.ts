import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { type RedisServer } from '@app/common/testing';
import { Child, serveOrders } from '../shared/child';
import { cpuSeconds } from '../shared/process-figures';
import { executed } from './executed';
import { entryOf, KEYS } from './messages';

export const LIMIT_ROLE = 'limit';
const LIMIT_STREAM = 'bench:limit';
const PIPELINE = 500;
/** The next one is written while Redis works on this one. */
const IN_FLIGHT = 2;

interface Order {
  readonly url: string;
  readonly count: number;
}

/** The body of the limit's process: XADDs of entries that were made before, through ioredis' pipeline; resolves to ms. */
export function serveLimit(): void {
  const entries = KEYS.map((key) => entryOf(key, randomUUID()));
  let redis: Redis | undefined;
  serveOrders(async ({ url, count }: Order): Promise<number> => {
    redis ??= new Redis(url);
    const connected = redis;
    await connected.ping();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const pipeline = connected.pipeline();
        for (let i = 0; i < PIPELINE && next < count; i += 1, next += 1) {
          pipeline.xadd(LIMIT_STREAM, '*', ...(entries[next % entries.length] ?? []));
        }
        await executed(pipeline);
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return performance.now() - startedAt;
  });
}

export interface LimitFigures {
  readonly perS: number;
  /** Microseconds of CPU an entry. */
  readonly cpuUs: Readonly<Record<'client' | 'redis', number>>;
}

/** Bare pipelined XADD in one process. */
export class Limit {
  private readonly child = new Child<Order>(LIMIT_ROLE);

  constructor(private readonly redis: RedisServer) {}

  async measure(count: number): Promise<LimitFigures> {
    const before = this.cpuSeconds();
    const tookMs = Number(await this.child.order({ url: this.redis.url, count }));
    const after = this.cpuSeconds();
    const us = (of: keyof typeof before): number => ((after[of] - before[of]) * 1e6) / count;
    return { perS: (count * 1000) / tookMs, cpuUs: { client: us('client'), redis: us('redis') } };
  }

  end(): void {
    this.child.end();
  }

  private cpuSeconds() {
    return { client: cpuSeconds(this.child.pid), redis: cpuSeconds(this.redis.pid) };
  }
}
