import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { eventually } from '@app/common/testing';

export interface AppProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** stdout and stderr are appended here. */
  readonly logPath: string;
  /** Answers `/readyz` on 127.0.0.1 when the app works. */
  readonly probePort: number;
  readonly readyTimeoutMs: number;
  /** What it gets between SIGTERM and SIGKILL. Default 25 s, above the 20 s that an app grants itself. */
  readonly stopGraceMs?: number;
  /** An end that nobody here asked for; `how` says with what status or signal. */
  readonly onUnexpectedEnd: (how: string) => void;
}

const STOP_GRACE_MS = 25_000;

/**
 * Ends the app when this process is gone in whatever way, SIGKILL included: then the kernel closes the pipe that it
 * reads from. An app without its servers would otherwise run on for ever.
 */
const WATCHDOG = `
read -r _ignored
kill -s TERM "$1" 2>/dev/null || exit 0
kill -s CONT "$1" 2>/dev/null
tries=0
while [ "$tries" -lt 100 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
kill -s KILL "$1" 2>/dev/null
exit 0`;

/** One app as a process of its own: started, found ready, stopped, killed, frozen and woken. */
export class AppProcess {
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private isEndWanted = false;
  private isStarting = false;

  constructor(private readonly options: AppProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when the app is ready. @throws Error with its last words when it ends or stays unready. */
  async start(): Promise<void> {
    const logStart = await this.spawn();
    const state = await eventually<'ready' | 'ended'>(
      async () => (this.isRunning ? (await this.isReady()) && 'ready' : 'ended'),
      { what: `${this.name} to be ready`, timeoutMs: this.options.readyTimeoutMs },
    )
      .catch((cause: unknown) => {
        throw new Error(`${this.name} did not become ready${this.lastWords(logStart)}`, { cause });
      })
      .finally(() => {
        this.isStarting = false;
      });
    if (state === 'ended') throw new Error(`${this.name} ended while it started${this.lastWords(logStart)}`);
  }

  /** Sends a signal that is to end it, and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.isEndWanted = true;
    this.child?.kill(signal);
    await this.ended;
  }

  /** SIGSTOP: it holds everything and does nothing. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** SIGTERM, and SIGKILL when that takes too long. Resolves to whether it ended in order. */
  async stop(): Promise<boolean> {
    this.isEndWanted = true;
    if (!this.isRunning) return true;
    const overdue = setTimeout(() => this.child?.kill('SIGKILL'), this.options.stopGraceMs ?? STOP_GRACE_MS);
    this.child?.kill('SIGTERM');
    // A frozen one could not take the signal.
    this.child?.kill('SIGCONT');
    await this.ended;
    clearTimeout(overdue);
    return this.child?.exitCode === 0;
  }

  /** Returns where in the log file this life begins. */
  private async spawn(): Promise<number> {
    const { command, args, cwd, environment, logPath, onUnexpectedEnd } = this.options;
    mkdirSync(dirname(logPath), { recursive: true });
    const logStart = existsSync(logPath) ? statSync(logPath).size : 0;
    const log = openSync(logPath, 'a', 0o600);
    // A session of its own: Ctrl-C in the terminal reaches only us, and we end things in their order.
    const child = spawn(command, [...args], {
      ...{ cwd, env: { ...environment }, stdio: ['ignore', log, log], detached: true },
    });
    closeSync(log);
    await once(child, 'spawn');
    this.child = child;
    this.isEndWanted = false;
    this.isStarting = true;
    const watchdog = watch(child.pid ?? 0);
    this.ended = once(child, 'exit').then(() => {
      watchdog.kill('SIGKILL');
      // Whoever waits for the start is told there.
      if (this.isEndWanted || this.isStarting) return;
      onUnexpectedEnd(child.signalCode ?? `status ${child.exitCode}`);
    });
    return logStart;
  }

  private lastWords(logStart: number): string {
    const words = readFileSync(this.options.logPath).subarray(logStart).toString('utf8').trim();
    return words === '' ? '' : `; the end of ${this.options.logPath}:\n${words.slice(-2000)}`;
  }

  private async isReady(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.options.probePort}/readyz`, {
      signal: AbortSignal.timeout(2000),
    });
    await response.arrayBuffer();
    return response.ok;
  }
}

function watch(pid: number): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'odograph-watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return watchdog;
}
