import { appendFileSync, chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { eventually } from './eventually';
import { startPostgres, type PostgresOptions, type PostgresServer } from './postgres';
import { postgresBinaries } from './postgres-binaries';
import { unprivileged } from './unprivileged';
import { withClient } from './with-client';

/** Not part of a backup: the log comes another way, the rest belongs to the running server. */
const LEFT_OUT = ['pg_wal', 'postmaster.pid', 'postmaster.opts', 'pg_replslot', 'pg_dynshmem', 'pg_notify'];

/**
 * A low-level backup of a running server's files, as pg_basebackup makes it (which is not among the binaries that npm
 * ships). It is whole only with the log from its begin to its end, which it does not hold.
 */
export async function takeBaseBackup(server: PostgresServer, dataDir: string, into: string): Promise<void> {
  const [from, to] = [resolve(dataDir), resolve(into)];
  await withClient(server.url(), async (client) => {
    await client.query("SELECT pg_backup_start('backup', true)");
    const isKept = (path: string) => !LEFT_OUT.includes(path.slice(from.length + 1).split(sep)[0] ?? '');
    cpSync(from, to, { recursive: true, filter: isKept });
    for (const empty of LEFT_OUT.filter((name) => name.startsWith('pg_'))) {
      mkdirSync(join(to, empty), { mode: 0o700, recursive: true });
    }
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(to, 'backup_label'), rows[0]?.labelfile ?? '');
  });
}

/** The files belong to the server's user, who is not always us; call it behind the last change. */
export function adoptDataDir(dataDir: string): void {
  const identity = unprivileged(postgresBinaries(), dataDir);
  identity.adopt(dataDir);
  for (const path of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
    identity.adopt(join(dataDir, path));
  }
}

/** A folder for the log of a server that keeps all of it. */
export class LogArchive {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = resolve(dir);
    mkdirSync(this.dir, { recursive: true });
    // The server's user writes into it.
    chmodSync(this.dir, 0o777);
  }

  /** For the server whose log it keeps. */
  get settings(): Record<string, string> {
    const target = `"${this.dir}/%f"`;
    return {
      archive_mode: 'on',
      archive_command: `test ! -f ${target} && cp %p ${target}.part && mv ${target}.part ${target}`,
    };
  }

  /** A place to come back to, in the archive when this resolves. */
  async markRestorePoint(server: PostgresServer, name: string): Promise<void> {
    await withClient(server.url(), async (client) => {
      const { rows } = await client.query<{ file: string }>(
        'SELECT pg_walfile_name(pg_create_restore_point($1)) AS file',
        [name],
      );
      await client.query('SELECT pg_switch_wal()');
      const file = rows[0]?.file ?? '';
      await eventually(() => readdirSync(this.dir).includes(file), {
        ...{ what: `${file} in the archive`, timeoutMs: 30_000 },
      });
    });
  }

  /**
   * Brings a base backup to the restore point and starts it as a server on a timeline of its own; resolves when it takes
   * writes.
   */
  async recover(options: PostgresOptions, restorePoint: string): Promise<PostgresServer> {
    const { dataDir } = options;
    writeFileSync(join(dataDir, 'recovery.signal'), '');
    appendFileSync(
      join(dataDir, 'postgresql.auto.conf'),
      [
        `restore_command = 'cp "${this.dir}/%f" "%p"'`,
        `recovery_target_name = '${restorePoint}'`,
        "recovery_target_action = 'promote'",
        '',
      ].join('\n'),
    );
    adoptDataDir(dataDir);
    // It takes reads from the moment on at which its files agree with each other.
    const server = await startPostgres(options);
    await withClient(server.url(), (client) =>
      eventually(
        async () => {
          const { rows } = await client.query<{ reads: boolean }>('SELECT pg_is_in_recovery() AS reads');
          return rows[0]?.reads === false;
        },
        { what: 'the recovery to end', timeoutMs: 60_000 },
      ),
    );
    return server;
  }
}
