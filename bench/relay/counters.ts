import { setTimeout as elapse } from 'node:timers/promises';
import { drainBacklog } from './backlog';
import { type Relays } from './relays';
import { type RelayServers } from './servers';

/** A backend that rests tells its counts after ten seconds at the latest. */
const COUNTS_ARE_TOLD_AFTER_MS = 12_000;

const COUNTS = `SELECT
    (SELECT coalesce(sum(n_tup_upd + n_tup_del), 0)::float8 FROM pg_stat_user_tables WHERE schemaname = 'outbox') AS "deadTuples",
    (SELECT coalesce(sum(n_tup_upd + n_tup_del), 0)::float8 FROM pg_stat_user_tables WHERE schemaname = 'ops') AS "leaseUpdates"`;

export interface CounterFigures {
  /** Everything that the server logged from the release of the backlog to the last cursor, renewals of leases included. */
  readonly walBytesAMessage: number;
  /** Row versions that were left behind in the outbox's tables, whether they have been pruned since or not. */
  readonly deadTuplesAMessage: number;
  readonly leaseUpdatesAS: number;
}

interface Counts {
  readonly deadTuples: number;
  readonly leaseUpdates: number;
}

/** What the relays write to drain so many messages, by the server's own counters. Nothing else writes meanwhile. */
export async function countWrites(
  servers: RelayServers,
  relays: Relays,
  count: number,
): Promise<CounterFigures> {
  const before = await toldCounts(servers);
  const startedAt = performance.now();
  let walAt = '';
  await drainBacklog(servers, relays, count, async () => {
    walAt = await walPosition(servers);
  });
  const [wal] = await servers.postgres.query<{ bytes: number }>(
    'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::float8 AS bytes',
    [walAt],
  );
  const after = await toldCounts(servers);
  return {
    walBytesAMessage: (wal?.bytes ?? NaN) / count,
    deadTuplesAMessage: (after.deadTuples - before.deadTuples) / count,
    leaseUpdatesAS: ((after.leaseUpdates - before.leaseUpdates) * 1000) / (performance.now() - startedAt),
  };
}

async function walPosition(servers: RelayServers): Promise<string> {
  const [row] = await servers.postgres.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  return row?.lsn ?? '';
}

async function toldCounts(servers: RelayServers): Promise<Counts> {
  await elapse(COUNTS_ARE_TOLD_AFTER_MS);
  const [row] = await servers.postgres.query<Counts>(COUNTS);
  if (row === undefined) throw new Error('no counts');
  return row;
}
