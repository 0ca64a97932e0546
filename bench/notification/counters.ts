import { setTimeout as elapse } from 'node:timers/promises';
import { type Bench, freshIntents } from './judge';
import { ROUTES_AN_INTENT } from './intents';
import { type NotificationServers } from './servers';

/** A backend that rests tells its counts after ten seconds at the latest. */
const COUNTS_ARE_TOLD_AFTER_MS = 12_000;

const DEAD = `SELECT relname AS "table", (n_tup_upd + n_tup_del)::float8 AS dead, n_tup_hot_upd::float8 AS hot
  FROM pg_stat_user_tables WHERE schemaname = 'notification'`;
const STATEMENTS = `SELECT calls::float8 AS calls, rows::float8 AS rows, total_exec_time AS ms, wal_bytes::float8 AS "walBytes",
    regexp_replace(query, '\\s+', ' ', 'g') AS query
  FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid
  WHERE rolname = 'odograph_notification' ORDER BY total_exec_time DESC`;

export interface CounterFigures {
  /** Of all kinds, BEGIN and COMMIT included. */
  readonly statementsAnIntent: number;
  /** Everything that the server logged, from the first intent to the last settled route. */
  readonly walBytesAnIntent: number;
  /** Row versions that were left behind, by table. */
  readonly deadTuplesAnIntent: Readonly<Record<string, number>>;
  /** Of the updates, those that touched no index. */
  readonly hotShare: number;
}

/** What took longest in the database, for who wants to see where the time goes. */
export interface StatementFigures {
  readonly query: string;
  readonly calls: number;
  readonly msACall: number;
  readonly usAnIntent: number;
  readonly walBytesAnIntent: number;
}

/** What the app writes for a backlog of intents, by the server's own counters. Nothing else writes meanwhile. */
export async function countWrites({ servers, apps, intents }: Bench) {
  await servers.clear();
  const before = await toldCounts(servers);
  await servers.postgres.query('SELECT pg_stat_statements_reset()');
  const walAt = await walPosition(servers);
  apps.pause();
  await servers.send(freshIntents(intents));
  apps.resume();
  await servers.published(intents * ROUTES_AN_INTENT);
  await servers.settled();
  const [wal] = await servers.postgres.query<{ bytes: number }>(
    'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::float8 AS bytes',
    [walAt],
  );
  const statements = await statementsOf(servers, intents);
  const after = await toldCounts(servers);
  const deadTuplesAnIntent: Record<string, number> = {};
  let [updates, hot] = [0, 0];
  for (const [table, { dead, hot: hotUpdates }] of after) {
    const more = dead - (before.get(table)?.dead ?? 0);
    if (more > 0) deadTuplesAnIntent[table] = more / intents;
    updates += more;
    hot += hotUpdates - (before.get(table)?.hot ?? 0);
  }
  const figures: CounterFigures = {
    statementsAnIntent: statements.reduce((sum, { calls }) => sum + calls, 0) / intents,
    walBytesAnIntent: (wal?.bytes ?? NaN) / intents,
    deadTuplesAnIntent,
    hotShare: hot / updates,
  };
  return { figures, statements };
}

async function statementsOf(servers: NotificationServers, intents: number): Promise<StatementFigures[]> {
  const rows = await servers.postgres.query<{
    query: string;
    calls: number;
    ms: number;
    walBytes: number;
  }>(STATEMENTS);
  return rows.map(({ query, calls, ms, walBytes }) => ({
    query,
    calls,
    msACall: ms / calls,
    usAnIntent: (ms * 1000) / intents,
    walBytesAnIntent: walBytes / intents,
  }));
}

async function walPosition(servers: NotificationServers): Promise<string> {
  const [row] = await servers.postgres.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  return row?.lsn ?? '';
}

async function toldCounts(
  servers: NotificationServers,
): Promise<ReadonlyMap<string, { dead: number; hot: number }>> {
  await elapse(COUNTS_ARE_TOLD_AFTER_MS);
  const rows = await servers.postgres.query<{ table: string; dead: number; hot: number }>(DEAD);
  return new Map(rows.map(({ table, dead, hot }) => [table, { dead, hot }]));
}
