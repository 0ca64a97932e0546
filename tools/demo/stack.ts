import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@app/common/errors';
import { freePort } from '@app/common/testing';
import { AppProcess } from './app-process';
import { type StackAddresses } from './stack-file';

export const APPS = ['processor', 'relay', 'notification'] as const;
export type AppName = (typeof APPS)[number];

export interface StackOptions {
  /** The checkout, with `dist/` built. */
  readonly root: string;
  /** As the owner; the apps go in under their own roles. Migrated already. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Holds `<instance>.log`. */
  readonly logDir: string;
  /** Default 1; the first is `processor`, the others `processor-2` and so on. */
  readonly processors?: number;
  /** Start an app again that ended by itself. Default false: a test wants to see it. */
  readonly restartDead?: boolean;
  /** Told in one sentence when an app ended that was not asked to. */
  readonly onNotice?: (sentence: string) => void;
  /** More settings of an app, laid over those of the stack, and those of an instance such as `processor-2` over them. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly readyTimeoutMs?: number;
}

interface Instance {
  readonly app: AppName;
  readonly process: AppProcess;
  /** Of its next start. */
  readonly environment: Record<string, string>;
  readonly probePort: number;
  readonly edgePort: number | undefined;
}

const READY_TIMEOUT_MS = 60_000;
const HOST = '127.0.0.1';
const RESTART_PAUSE_MS = 500;

/** The apps as separate processes, each under its own database role, on free ports of this machine. */
export class Stack {
  private readonly instances = new Map<string, Instance>();
  private isStopping = false;

  constructor(private readonly options: StackOptions) {}

  /** Starts all at once; resolves when every one is ready. A failure leaves nothing running. */
  async start(): Promise<void> {
    const { processors = 1 } = this.options;
    for (const app of APPS) {
      const count = app === 'processor' ? processors : 1;
      for (let n = 1; n <= count; n++) await this.add(app, n === 1 ? app : `${app}-${n}`);
    }
    const started = await Promise.allSettled(
      [...this.instances.values()].map(({ process }) => process.start()),
    );
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  get addresses(): StackAddresses {
    const { databaseUrl, redisUrl } = this.options;
    const probes = Object.fromEntries([...this.instances].map(([name, { probePort }]) => [name, probePort]));
    return { databaseUrl, redisUrl, edge: this.edgeOf('processor'), probes };
  }

  /** Names of all instances: `processor`, `processor-2`, `relay`, `notification`. */
  get names(): string[] {
    return [...this.instances.keys()];
  }

  edgeOf(processor: string): { host: string; port: number } {
    const { edgePort } = this.instance(processor);
    if (edgePort === undefined) throw new RangeError(`${processor} has no edge`);
    return { host: HOST, port: edgePort };
  }

  pidOf(name: string): number | undefined {
    return this.instance(name).process.pid;
  }

  /** Ends an instance by a signal and waits; it stays down until `restart`. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.instance(name).process.kill(signal);
  }

  pause(name: string): void {
    this.instance(name).process.pause();
  }

  resume(name: string): void {
    this.instance(name).process.resume();
  }

  /** Other settings from its next start on. */
  change(name: string, settings: Readonly<Record<string, string>>): void {
    Object.assign(this.instance(name).environment, settings);
  }

  /** Ends it in order if it runs, and starts it on the same ports; resolves when it is ready. */
  async restart(name: string): Promise<void> {
    const { process } = this.instance(name);
    await process.stop();
    await process.start();
  }

  /** Ends all in order. Resolves to the names of those that had to be killed or ended with a failure. */
  async stop(): Promise<string[]> {
    this.isStopping = true;
    const all = [...this.instances.values()];
    const clean = await Promise.all(all.map(({ process }) => process.stop()));
    return all.flatMap(({ process }, index) => (clean[index] === true ? [] : [process.name]));
  }

  private async add(app: AppName, name: string): Promise<void> {
    const { root, logDir, readyTimeoutMs = READY_TIMEOUT_MS } = this.options;
    const probePort = await freePort();
    const edgePort = app === 'processor' ? await freePort() : undefined;
    const environment = this.environmentOf(app, name, probePort, edgePort);
    const process = new AppProcess({
      name,
      command: globalThis.process.execPath,
      args: ['--enable-source-maps', join(root, 'dist', 'apps', app, 'main.js')],
      cwd: root,
      environment,
      logPath: join(logDir, `${name}.log`),
      ...{ probePort, readyTimeoutMs },
      onUnexpectedEnd: (how) => this.onUnexpectedEnd(name, how),
    });
    this.instances.set(name, { app, process, environment, probePort, edgePort });
  }

  private environmentOf(
    app: AppName,
    name: string,
    probePort: number,
    edgePort: number | undefined,
  ): Record<string, string> {
    const { databaseUrl, redisUrl, settings } = this.options;
    const edge = { EDGE_HOST: HOST, EDGE_TCP_PORT: String(edgePort), EDGE_UNKNOWN_DEVICES: 'enroll' };
    return {
      ...inherited(),
      DATABASE_URL: roleUrl(databaseUrl, `odograph_${app}`),
      REDIS_URL: redisUrl,
      PROBE_HOST: HOST,
      PROBE_PORT: String(probePort),
      // Stable over restarts, and other than that of another stack on the same stores.
      INSTANCE_ID: `${name}:${probePort}`,
      ...(edgePort === undefined ? {} : edge),
      ...settings?.[app],
      ...settings?.[name],
    };
  }

  private onUnexpectedEnd(name: string, how: string): void {
    if (this.isStopping) return;
    const { restartDead = false, onNotice = () => undefined } = this.options;
    onNotice(`${name} ended unexpectedly (${how})${restartDead ? ' and is started again' : ''}`);
    if (!restartDead) return;
    setTimeout(() => void this.startAgain(name), RESTART_PAUSE_MS);
  }

  /** As a supervisor would: again and again, until it stays up or the stack stops. */
  private async startAgain(name: string): Promise<void> {
    const { onNotice = () => undefined } = this.options;
    while (!this.isStopping) {
      try {
        await this.instance(name).process.start();
        return;
      } catch (error) {
        onNotice(describeError(error));
        await delay(RESTART_PAUSE_MS);
      }
    }
  }

  private instance(name: string): Instance {
    const instance = this.instances.get(name);
    if (instance === undefined)
      throw new RangeError(`the stack has no ${name}, only ${this.names.join(', ')}`);
    return instance;
  }
}

/** The same database under another role. Its password stays: where roles need one, give them the owner's. */
export function roleUrl(ownerUrl: string, role: string): string {
  const url = new URL(ownerUrl);
  url.username = role;
  return url.href;
}

/** Settings of ours in the caller's environment are for the caller, not for every app of the stack. */
const OURS = /^(DATABASE|REDIS|PROBE|INSTANCE|EDGE|LEASE)_/;

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || OURS.test(name) ? [] : [[name, value]],
    ),
  );
}
