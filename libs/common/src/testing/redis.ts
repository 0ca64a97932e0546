import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { resolve } from 'node:path';
import { eventually } from './eventually';
import { takeOwnership, type Ownership } from './ownership';
import { isPortTaken, onFreePort } from './ports';
import { spawnGuarded, type GuardedProcess } from './processes';
import { redisBinary, redisEnvironment } from './redis-binaries';

export interface RedisOptions {
  /** Holds the append-only file; kept and reused. */
  dir: string;
  /** Default: a free one. */
  port?: number;
  /** `always`: an answered write is on disk. `everysec`: up to a second of answered writes is at risk. */
  appendfsync: 'always' | 'everysec';
  /** More of redis-server's own flags, e.g. `['--maxmemory', '64mb']`. */
  extraArgs?: string[];
  /** Told, in one line, when the server has to be fetched first. Default: to stderr. */
  tell?: (line: string) => void;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Writes everything and has ended. */
  stop(): Promise<void>;
  /** SIGKILL, as a power cut; the next start replays the append-only file. */
  kill(): Promise<void>;
}

const STOP_SIGNAL = 'SIGTERM';

/**
 * Starts Redis (or Valkey) as Odograph wants it: append-only file on, no snapshots, nothing ever evicted, on 127.0.0.1.
 * Resolves when it has loaded its file and answers. It ends with this process, also when that is killed.
 */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const tell = options.tell ?? ((line: string) => process.stderr.write(`${line}\n`));
  const binary = await redisBinary(tell);
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true });
  const ownership = await takeOwnership(dir, STOP_SIGNAL);
  try {
    return await onFreePort(
      options.port,
      (port) => launch({ ...options, dir, port }, binary.path, redisEnvironment(binary), ownership),
      isPortTaken,
    );
  } catch (error) {
    ownership.release();
    throw error;
  }
}

async function launch(
  { dir, port, appendfsync, extraArgs = [] }: RedisOptions & { port: number },
  command: string,
  env: NodeJS.ProcessEnv,
  ownership: Ownership,
): Promise<RedisServer> {
  const server = await spawnGuarded({
    ...{ command, env, cwd: dir, logPath: `${dir}.log`, stopSignal: STOP_SIGNAL },
    args: [
      ...['--dir', dir, '--port', String(port), '--bind', '127.0.0.1', '--protected-mode', 'yes'],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', appendfsync],
      ...['--maxmemory-policy', 'noeviction'],
      // Redis would write its own title over the command line, by which a left-over server is known.
      ...['--set-proc-title', 'no'],
      ...extraArgs,
    ],
  });
  ownership.serverStarted(server.pid);
  await untilAnswering(server, port);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    stop: () => server.stop().finally(() => ownership.release()),
    kill: () => server.kill().finally(() => ownership.release()),
  };
}

/** Resolves when it answers PING; one that does not is killed, and its last words are the error's. */
export async function untilAnswering(server: GuardedProcess, port: number): Promise<void> {
  try {
    const state = await eventually(
      async () => (server.hasExited() ? 'ended' : (await answers(port)) && 'ready'),
      {
        what: 'Redis to answer PING',
        timeoutMs: 60_000,
      },
    );
    if (state === 'ended') throw new Error('Redis ended while it started');
  } catch (error) {
    await server.kill();
    const reason = error instanceof Error ? error.message : 'Redis did not start';
    throw new Error(`${reason}:\n${server.logTail()}`, { cause: error });
  }
}

/** True for +PONG; while Redis loads its file it answers -LOADING. Throws when nothing listens. */
async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [reply] = (await once(socket, 'data')) as unknown[];
    return Buffer.isBuffer(reply) && reply.toString().startsWith('+PONG');
  } finally {
    socket.destroy();
  }
}
