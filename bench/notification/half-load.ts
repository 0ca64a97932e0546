import { percentiles, type Percentiles } from '../pipeline/percentiles';
import { Apps } from './apps';
import { freshIntents } from './judge';
import { arrivals, sendEvenly } from './latencies';
import { type NotificationServers } from './servers';

const WARM_UP_MS = 1_000;

/** From an intent's entry to the last of its routes' entries, under a steady load, in rounds. */
export async function steadyLatency(
  servers: NotificationServers,
  perS: number,
  { rounds, forMs }: { readonly rounds: number; readonly forMs: number },
): Promise<Percentiles[]> {
  const next = () => freshIntents(1)[0] ?? never();
  const measured: Percentiles[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await servers.clear();
    const sentAt = await sendEvenly(servers, perS, round === 0 ? WARM_UP_MS : forMs, next);
    const { tookMs } = await arrivals(servers, sentAt);
    await servers.settled();
    if (round > 0) measured.push(percentiles([...tookMs.values()]));
  }
  return measured;
}

/** The same with one more instance beside the one that runs. */
export async function withSecondInstance<T>(
  servers: NotificationServers,
  measure: () => Promise<T>,
): Promise<T> {
  const second = await Apps.start(servers, 1, { INSTANCE_ID: 'second' });
  try {
    return await measure();
  } finally {
    await second.stop();
  }
}

function never(): never {
  throw new Error('no intent');
}
