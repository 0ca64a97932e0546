import { appendFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { eventually } from './eventually';
import { postgresBinaries } from './postgres-binaries';
import { startPostgres, SUPERUSER, type PostgresOptions, type PostgresServer } from './postgres';
import { unprivileged } from './unprivileged';
import { withClient } from './with-client';

export interface StandbyOptions extends Pick<PostgresOptions, 'durable' | 'settings'> {
  readonly primary: PostgresServer;
  readonly primaryDataDir: string;
  readonly dataDir: string;
}

export interface StandbyServer extends PostgresServer {
  /** Stops receiving: from now on it lags behind. */
  cut(): Promise<void>;
  /** Makes it a primary on a timeline of its own; resolves when it takes writes. */
  promote(): Promise<void>;
}

/** As `synchronous_standby_names` of the primary names it. */
export const STANDBY_NAME = 'standby';

/** Not part of a backup: the log comes over the wire, the rest belongs to the running server. */
const LEFT_OUT = ['pg_wal', 'postmaster.pid', 'postmaster.opts', 'pg_replslot', 'pg_dynshmem', 'pg_notify'];

/**
 * A hot standby by streaming replication, from a low-level backup of a running primary's files (pg_basebackup is not
 * among the binaries that npm ships). Resolves when it has caught up with the backup's end and takes reads.
 */
export async function startStandby(options: StandbyOptions): Promise<StandbyServer> {
  const { primary, durable, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  await backUp(primary, resolve(options.primaryDataDir), dataDir);
  const server = await startPostgres({ dataDir, durable, settings });
  const query = (text: string): Promise<unknown> => withClient(server.url(), (client) => client.query(text));
  return {
    ...server,
    cut: async () => {
      await query("ALTER SYSTEM SET primary_conninfo = ''");
      await query('SELECT pg_reload_conf()');
      await untilReplicas(primary, 0);
    },
    promote: async () => {
      await query('SELECT pg_promote(true, 60)');
    },
  };
}

/** Commits of the primary answer only when the standby has them on disk. */
export async function makeSynchronous(primary: PostgresServer): Promise<void> {
  await untilReplicas(primary, 1);
  await withClient(primary.url(), async (client) => {
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${STANDBY_NAME}'`);
    await client.query('SELECT pg_reload_conf()');
  });
  await untilReplicas(primary, 1, 'sync');
}

async function backUp(primary: PostgresServer, from: string, to: string): Promise<void> {
  const identity = unprivileged(postgresBinaries(), to);
  await withClient(primary.url(), async (client) => {
    await client.query("SELECT pg_backup_start('standby', true)");
    const isKept = (path: string) => !LEFT_OUT.includes(path.slice(from.length + 1).split(sep)[0] ?? '');
    cpSync(from, to, { recursive: true, filter: isKept });
    for (const empty of LEFT_OUT.filter((name) => name.startsWith('pg_'))) {
      mkdirSync(join(to, empty), { mode: 0o700, recursive: true });
    }
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(to, 'backup_label'), rows[0]?.labelfile ?? '');
  });
  writeFileSync(join(to, 'standby.signal'), '');
  // In the file and not on the command line, which would win over ALTER SYSTEM.
  const source = `host=127.0.0.1 port=${primary.port} user=${SUPERUSER} application_name=${STANDBY_NAME}`;
  appendFileSync(join(to, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  identity.adopt(to);
  for (const path of readdirSync(to, { recursive: true, encoding: 'utf8' })) identity.adopt(join(to, path));
}

async function untilReplicas(primary: PostgresServer, count: number, state = '%'): Promise<void> {
  await eventually(
    () =>
      withClient(primary.url(), async (client) => {
        const { rowCount } = await client.query(
          "SELECT FROM pg_stat_replication WHERE state = 'streaming' AND sync_state LIKE $1",
          [state],
        );
        return rowCount === count;
      }),
    { what: `${count} standbys to stream`, timeoutMs: 30_000 },
  );
}
