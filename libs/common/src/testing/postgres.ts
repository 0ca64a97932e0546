import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { eventually } from './eventually';
import { runsOn, stopLeftover, takeOwnership, type Ownership } from './ownership';
import { isPortTaken, onFreePort } from './ports';
import { majorOf, postgresBinaries } from './postgres-binaries';
import { isRunning } from './process-table';
import { spawnGuarded, type GuardedProcess } from './processes';
import { unprivileged, type Identity } from './unprivileged';

export interface PostgresOptions {
  /** Made at the first start, kept and reused after that; a crash before it is recovered from. */
  dataDir: string;
  /** Default: a free one. */
  port?: number;
  /** The server's log file. Default: `<dataDir>.log`. */
  log?: string;
  /** Laid over the ones below; `name: value` as in postgresql.conf. */
  settings?: Record<string, string>;
  /** false trades the disk's safety for speed (tests); the order of commits and acks stays what it is. */
  durable: boolean;
}

export interface PostgresServer {
  readonly port: number;
  readonly pid: number;
  /** Default: the maintenance database as superuser. No role has a password: the server listens on 127.0.0.1 only. */
  url(database?: string, user?: string): string;
  /** Fast shutdown: open transactions are rolled back, everything is written, the process has ended. */
  stop(): Promise<void>;
  /** SIGKILL to the server and all its backends, as a power cut; the next start recovers. */
  kill(): Promise<void>;
}

export const SUPERUSER = 'postgres';

/** SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave. */
const FAST_SHUTDOWN = 'SIGINT';

const COMMON: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '100',
  track_commit_timestamp: 'on',
  // Acks follow the commit, so a commit must mean "written", also where fsync is off.
  synchronous_commit: 'on',
};

const DURABLE: Record<string, string> = {
  fsync: 'on',
  full_page_writes: 'on',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
};

const FAST: Record<string, string> = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' };

/**
 * Starts PostgreSQL on a data folder and resolves when it takes connections (about 0.7 s the first time, 0.1 s later).
 * The server ends with this process, also when that is killed. Fails with the server's own last words.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const identity = unprivileged(postgresBinaries(), dataDir);
  const ownership = await takeOwnership(dataDir, FAST_SHUTDOWN);
  try {
    initialise(dataDir, identity, options.durable);
    await clearPidFile(dataDir);
    return await onFreePort(
      options.port,
      (port) => launch({ ...options, dataDir, port }, identity, ownership),
      isPortTaken,
    );
  } catch (error) {
    ownership.release();
    throw error;
  }
}

/** initdb into a folder beside it, then renamed: a data folder is whole or not there at all. */
function initialise(dataDir: string, identity: Identity, durable: boolean): void {
  const major = majorOf(identity.binaries);
  const versionFile = join(dataDir, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const found = Number(readFileSync(versionFile, 'utf8'));
    if (found === major) return;
    throw new Error(
      `${dataDir} was made by PostgreSQL ${found}, this is ${major}: upgrade it or name another folder`,
    );
  }
  const building = `${dataDir}.initialising`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { mode: 0o700 });
  identity.adopt(building);
  const [command = '', ...args] = [
    ...identity.prefix,
    join(identity.binaries, 'initdb'),
    ...['-D', building, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--no-instructions'],
    // The same collation on every platform, whatever the machine's locales are.
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(durable ? [] : ['--no-sync']),
  ];
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...spawnIdentity(identity),
    cwd: dirname(building),
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`initdb failed on ${dataDir}: ${error?.message ?? (stderr || stdout).trim()}`);
  }
  renameSync(building, dataDir);
}

/**
 * PostgreSQL removes a stale postmaster.pid by itself, unless another program has been given that pid since (always so
 * in a container that starts anew): then it would refuse to start.
 */
async function clearPidFile(dataDir: string): Promise<void> {
  const path = join(dataDir, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, 'utf8').split('\n')[0]);
  if (!(pid > 0) || !isRunning(pid)) return;
  if (runsOn(pid, dataDir)) await stopLeftover(pid, FAST_SHUTDOWN);
  else rmSync(path, { force: true });
}

async function launch(
  options: PostgresOptions & { port: number },
  identity: Identity,
  ownership: Ownership,
): Promise<PostgresServer> {
  const { dataDir, port } = options;
  const settings = {
    ...COMMON,
    ...(options.durable ? DURABLE : FAST),
    ...options.settings,
    port: String(port),
  };
  const [command = '', ...args] = [
    ...identity.prefix,
    ...[join(identity.binaries, 'postgres'), '-D', dataDir],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const server = await spawnGuarded({
    ...{ command, args, cwd: dirname(dataDir), env: cleanEnvironment(), ...spawnIdentity(identity) },
    logPath: options.log ?? `${dataDir}.log`,
    stopSignal: FAST_SHUTDOWN,
  });
  ownership.serverStarted(server.pid);
  await untilReady(server, dataDir);
  return {
    port,
    pid: server.pid,
    url: (database = 'postgres', user = SUPERUSER) => `postgres://${user}@127.0.0.1:${port}/${database}`,
    stop: () => server.stop().finally(() => ownership.release()),
    kill: () => server.kill().finally(() => ownership.release()),
  };
}

/** The server writes its state as the eighth line of postmaster.pid: no connection is needed to see it. */
async function untilReady(server: GuardedProcess, dataDir: string): Promise<void> {
  const path = join(dataDir, 'postmaster.pid');
  try {
    const state = await eventually(
      () => {
        if (server.hasExited()) return 'ended' as const;
        const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
        return lines[0] === String(server.pid) && lines[7]?.trim() === 'ready' && ('ready' as const);
      },
      { what: 'PostgreSQL to take connections', timeoutMs: 60_000 },
    );
    if (state === 'ended') throw new Error('PostgreSQL ended while it started');
  } catch (error) {
    await server.kill();
    throw new Error(`${error instanceof Error ? error.message : 'PostgreSQL'}:\n${server.logTail()}`, {
      cause: error,
    });
  }
}

function spawnIdentity({ uid, gid }: Identity): { uid?: number; gid?: number } {
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}

/** Without PGPORT, PGDATA, PGOPTIONS and the like, which the server's programs read too. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(ours), LC_ALL: 'C' };
}
