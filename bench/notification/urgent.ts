import { setTimeout as elapse } from 'node:timers/promises';
import { percentiles, type Percentiles } from '../pipeline/percentiles';
import { type Bench } from './judge';
import { ROUTES_AN_INTENT, URGENT } from './intents';
import { arrivals, sendNow, type SentAt } from './latencies';

const EVERY_MS = 25;
const PROBES = 100;

export interface UrgentFigures {
  readonly waitingRoutes: number;
  /** From an SOS' entry to the last of its routes' entries, with nothing else to do. */
  readonly idleMs: Percentiles;
  /** The same of those that were sent while normal routes waited. */
  readonly besideBacklogMs: Percentiles;
  readonly probesBesideBacklog: number;
  /** How long the normal ones took to drain, from the first SOS on. */
  readonly drainMs: number;
}

/** How long an SOS takes while so many normal routes are due. */
export async function measureUrgent(bench: Bench, waitingRoutes: number): Promise<UrgentFigures> {
  const { servers, inserts } = bench;
  await servers.clear();
  const idle = await probe(bench, () => false);
  const idleMs = percentiles([...(await arrivals(servers, idle)).tookMs.values()]);
  await servers.settled();

  await servers.clear();
  await inserts.hold(waitingRoutes / ROUTES_AN_INTENT);
  await inserts.release();
  const sentAt = await probe(bench, async () => {
    const out = await servers.publishedCount();
    return out >= waitingRoutes;
  });
  const { tookMs } = await arrivals(servers, sentAt, waitingRoutes);
  await servers.settled();
  const sent = [...sentAt.values()];
  return {
    waitingRoutes,
    idleMs,
    besideBacklogMs: percentiles([...tookMs.values()]),
    probesBesideBacklog: sent.length,
    drainMs: Math.max(...sent) - Math.min(...sent),
  };
}

/** One SOS after the other at odd intervals, until there are enough or it is over. */
async function probe({ servers }: Bench, isOver: () => boolean | Promise<boolean>): Promise<SentAt> {
  const sentAt: SentAt = new Map();
  while (sentAt.size < PROBES && !(await isOver())) {
    await sendNow(servers, sentAt, [{ key: `sos-${(probes += 1)}`, type: URGENT, number: probes }]);
    await elapse(EVERY_MS * (0.5 + Math.random()));
  }
  return sentAt;
}

let probes = 0;
