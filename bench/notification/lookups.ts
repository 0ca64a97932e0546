import { median, round, say } from '../shared/figures';
import { percentiles, type Percentiles } from '../pipeline/percentiles';
import { Apps } from './apps';
import { type BenchIntent, NORMAL, notificationOf } from './intents';
import { arrivals, sendEvenly } from './latencies';
import { type NotificationServers } from './servers';
import { isSlow, UserService } from './user-service';

const SLOW_EVERY = 1_000;
const SLOW_MS = 2_000;
const WARM_UP_MS = 1_000;

export interface LookupFigures {
  readonly intentsPerS: number;
  /** Of intents whose users are answered for at once; medians of the rounds. */
  readonly withoutSlowMs: Percentiles;
  readonly withSlowMs: Percentiles;
  /** p99 with slow lookups by that without, median of the rounds; at most 1.2 is the target. */
  readonly p99Times: number;
  /** Of the intents that had to wait for a slow one: the longest. */
  readonly slowestMs: number;
}

interface Run {
  readonly others: Percentiles;
  readonly slowestMs: number;
}

/**
 * Intents for users whom nobody has asked for before, so that each needs two lookups; one lookup in a thousand takes two
 * seconds, the first time. Measured in turn with a service that is always quick.
 */
export async function measureLookups(
  servers: NotificationServers,
  perS: number,
  { rounds, forMs }: { readonly rounds: number; readonly forMs: number },
): Promise<LookupFigures> {
  const service = new UserService();
  const base = await service.be({ slowEvery: 0, slowMs: 0 });
  const apps = await Apps.start(servers, 1, { NOTIFICATION_USER_SERVICE_BASE_URL: base });
  const load = new NewUsers();
  try {
    await run(servers, load, perS, WARM_UP_MS);
    const measured: { without: Run; slow: Run }[] = [];
    for (let number = 1; number <= rounds; number += 1) {
      await service.be({ slowEvery: 0, slowMs: 0 });
      const without = await run(servers, load, perS, forMs);
      await service.be({ slowEvery: SLOW_EVERY, slowMs: SLOW_MS });
      const slow = await run(servers, load, perS, forMs);
      measured.push({ without, slow });
      say(`lookups, round ${number}: ${JSON.stringify({ without, slow })}`);
    }
    return {
      intentsPerS: perS,
      withoutSlowMs: medians(measured.map(({ without }) => without.others)),
      withSlowMs: medians(measured.map(({ slow }) => slow.others)),
      p99Times: round(median(measured.map(({ without, slow }) => slow.others.p99 / without.others.p99)), 2),
      slowestMs: Math.max(...measured.map(({ slow }) => slow.slowestMs)),
    };
  } finally {
    await apps.stop();
    service.end();
  }
}

export const medians = (all: readonly Percentiles[]): Percentiles => ({
  p50: median(all.map(({ p50 }) => p50)),
  p95: median(all.map(({ p95 }) => p95)),
  p99: median(all.map(({ p99 }) => p99)),
  max: median(all.map(({ max }) => max)),
});

/** Intents, each for two users of its own. */
class NewUsers {
  private users = 0;
  private readonly waiting = new Set<string>();

  next(): BenchIntent {
    const numbers = [this.users++, this.users++];
    const intent: BenchIntent = {
      ...{ key: `lookup-${this.users}`, type: NORMAL, number: this.users },
      recipients: numbers.map((number) => `asked-${number}`),
    };
    if (numbers.some((number) => isSlow(number, SLOW_EVERY))) this.waiting.add(notificationOf(intent));
    return intent;
  }

  hasSlowUser(notification: string): boolean {
    return this.waiting.has(notification);
  }
}

async function run(servers: NotificationServers, load: NewUsers, perS: number, forMs: number): Promise<Run> {
  await servers.clear();
  const sentAt = await sendEvenly(servers, perS, forMs, () => load.next());
  const { tookMs } = await arrivals(servers, sentAt);
  await servers.settled();
  const all = [...tookMs];
  const others = all.filter(([notification]) => !load.hasSlowUser(notification));
  const slow = all.filter(([notification]) => load.hasSlowUser(notification));
  return {
    others: percentiles(others.map(([, ms]) => ms)),
    slowestMs: Math.max(0, ...slow.map(([, ms]) => ms)),
  };
}
