import { setTimeout as elapse } from 'node:timers/promises';
import { median, round, say } from '../shared/figures';
import { drainBacklog } from './backlog';
import { SteadyLoad } from './load';
import { type Relays } from './relays';
import { type RelayServers } from './servers';

const RUNS = 3;
/** Many small steps: each leaves a version of a cursor that the pinned snapshot keeps from being cleaned up. */
const LOAD_UNDER_PIN_PER_S = 1_000;
const LOAD_UNDER_WRITER_PER_S = 2_000;

export interface PinnedFigures {
  readonly withoutPerS: number;
  readonly pinnedPerS: number;
  /** Of throughput; the target is 0.1 at most. */
  readonly loss: number;
  readonly pinnedS: number;
}

/** Throughput under a read-only snapshot that has been open for so long, with a load of small transactions all along. */
export async function pinnedSnapshot(
  servers: RelayServers,
  relays: Relays,
  count: number,
  pinnedMs: number,
): Promise<PinnedFigures> {
  const withoutPerS = await drainSome(servers, relays, count);
  await servers.clear();
  const reader = await servers.connect('a long report');
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await reader.query('SELECT count(*) FROM outbox.cursor');
  const startedAt = performance.now();
  const load = new SteadyLoad(servers, LOAD_UNDER_PIN_PER_S);
  await elapse(pinnedMs);
  await load.stop();
  const pinnedPerS = await drainSome(servers, relays, count);
  const pinnedS = (performance.now() - startedAt) / 1000;
  await reader.end();
  return {
    withoutPerS: Math.round(withoutPerS),
    pinnedPerS: Math.round(pinnedPerS),
    loss: round(1 - pinnedPerS / withoutPerS, 3),
    pinnedS: Math.round(pinnedS),
  };
}

async function drainSome(servers: RelayServers, relays: Relays, count: number): Promise<number> {
  const perS: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await servers.clear();
    perS.push((await drainBacklog(servers, relays, count)).perS);
  }
  return median(perS);
}

export interface ForeignWriterFigures {
  readonly heldS: number;
  /** Committed behind the writer, and in the stream before its end: of transactions that were older than it. */
  readonly committed: number;
  readonly passedIt: number;
  /** What /health said of the drain at its end. */
  readonly health: unknown;
  readonly caughtUpMs: number;
}

/** A transaction of somebody else that has written and stays open: it delays, and what it delayed is caught up with. */
export async function foreignWriter(
  servers: RelayServers,
  relays: Relays,
  heldMs: number,
): Promise<ForeignWriterFigures> {
  await servers.clear();
  const writer = await servers.connect('nightly import');
  await writer.query('BEGIN');
  await writer.query('SELECT pg_current_xact_id()');
  const load = new SteadyLoad(servers, LOAD_UNDER_WRITER_PER_S);
  await elapse(heldMs);
  const committed = await load.stop();
  const passedIt = await servers.streamLength();
  const health = await relays.health();
  const endedAt = performance.now();
  await writer.query('COMMIT');
  await servers.streamHolds(committed);
  const caughtUpMs = performance.now() - endedAt;
  await writer.end();
  if (passedIt > 0) say(`${passedIt} messages passed an open writer`);
  return { heldS: heldMs / 1000, committed, passedIt, health, caughtUpMs: round(caughtUpMs, 0) };
}
