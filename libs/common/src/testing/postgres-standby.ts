import { appendFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eventually } from './eventually';
import { startPostgres, SUPERUSER, type PostgresOptions, type PostgresServer } from './postgres';
import { adoptDataDir, takeBaseBackup } from './postgres-backup';
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

/**
 * A hot standby by streaming replication, from a backup of a running primary's files. Resolves when it has caught up with the backup's end and takes reads.
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
  await takeBaseBackup(primary, from, to);
  writeFileSync(join(to, 'standby.signal'), '');
  // In the file and not on the command line, which would win over ALTER SYSTEM.
  const source = `host=127.0.0.1 port=${primary.port} user=${SUPERUSER} application_name=${STANDBY_NAME}`;
  appendFileSync(join(to, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  adoptDataDir(to);
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
