import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { eventually } from './eventually';
import { childrenOf, isRunning, signalProcess } from './process-table';

export interface GuardedSpawn {
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** stdout and stderr are appended here. A pipe would stall the server whenever this process is busy. */
  logPath: string;
  /** What asks this server to stop in good order. */
  stopSignal: NodeJS.Signals;
  uid?: number;
  gid?: number;
}

export interface GuardedProcess {
  readonly pid: number;
  hasExited(): boolean;
  /** Asks it to stop and waits; after `graceMs` (default 30,000) it is killed. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL to it and to its children, and waits until all of them are gone: what a power cut leaves behind. */
  kill(): Promise<void>;
  /** What it has logged since this start, at most the last 4,000 characters. */
  logTail(): string;
}

/**
 * Outlives this process by design: it holds the other end of a pipe that only this process has open, so the kernel
 * tells it when this process ends in whatever way, SIGKILL included. Then it stops the server, and kills it after 15 s.
 */
const WATCHDOG = `
read -r _ignored
kill -s "$1" "$2" 2>/dev/null || exit 0
tries=0
while [ "$tries" -lt 150 ] && kill -0 "$2" 2>/dev/null; do
  case "$(cat "/proc/$2/stat" 2>/dev/null)" in *") Z "*) exit 0 ;; esac
  sleep 0.1; tries=$((tries + 1))
done
kill -s KILL "$2" 2>/dev/null
exit 0`;

/**
 * Starts a server that never outlives this process. It gets a session of its own, so that Ctrl-C in a terminal reaches
 * only us and we can stop things in order.
 */
export async function spawnGuarded(options: GuardedSpawn): Promise<GuardedProcess> {
  const logStart = existsSync(options.logPath) ? statSync(options.logPath).size : 0;
  const log = openSync(options.logPath, 'a', 0o600);
  const { command, args, cwd, env } = options;
  const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log], detached: true, ...identity });
  closeSync(log);
  // Rejects with ENOENT and the like, since once() listens to 'error' too.
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} was started without a pid`);
  const ended = once(child, 'exit');
  const watchdog = watch(pid, options.stopSignal);
  void ended.then(() => watchdog.kill('SIGKILL'));

  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    hasExited,
    stop: async (graceMs = 30_000) => {
      if (hasExited()) return;
      signalProcess(pid, options.stopSignal);
      const overdue = setTimeout(() => signalProcess(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(overdue);
    },
    kill: async () => {
      if (hasExited()) return;
      // The children go first: orphans of a PostgreSQL that was killed alone may still finish a commit.
      const children = childrenOf(pid);
      signalProcess(pid, 'SIGSTOP');
      for (const each of [...children, ...childrenOf(pid), pid]) signalProcess(each, 'SIGKILL');
      await ended;
      await untilGone(children, `the children of ${command} to end`);
    },
    logTail: () => readFileSync(options.logPath).subarray(logStart).toString('utf8').slice(-4_000),
  };
}

/** Waits until none of the processes runs any more. */
export async function untilGone(pids: number[], what: string): Promise<void> {
  await eventually(() => !pids.some(isRunning), { what });
}

function watch(pid: number, stopSignal: NodeJS.Signals): ChildProcess {
  const watchdog = spawn(
    '/bin/sh',
    ['-c', WATCHDOG, 'odograph-watchdog', stopSignal.replace(/^SIG/, ''), String(pid)],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  // It must not keep this process alive: it is there for its end.
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return watchdog;
}
