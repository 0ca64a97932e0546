import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, repositoryRoot } from '@app/common/testing';
import { AppProcess } from '../../tools/demo/app-process';
import { roleUrl } from '../../tools/demo/stack';
import { cpuSeconds } from '../shared/process-figures';
import { type NotificationServers } from './servers';

const OURS = /^(NOTIFICATION|DATABASE_POOL)_/;

/** Built notification apps as processes. */
export class Apps {
  private constructor(
    private readonly running: readonly AppProcess[],
    private readonly folder: string,
  ) {}

  static async start(
    servers: NotificationServers,
    count: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Apps> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-apps-'));
    const running: AppProcess[] = [];
    for (let number = 1; number <= count; number += 1) {
      const probePort = await freePort();
      const name = `notification-${number}`;
      running.push(
        new AppProcess({
          name,
          command: process.execPath,
          args: [...nodeArgs(), join(repositoryRoot(), 'dist/apps/notification/main.js')],
          cwd: repositoryRoot(),
          environment: {
            PATH: process.env['PATH'] ?? '',
            DATABASE_URL: roleUrl(servers.postgres.url('postgres'), 'odograph_notification'),
            REDIS_URL: servers.redis.url,
            REDIS_FSYNC: 'everysec',
            PROBE_HOST: '127.0.0.1',
            PROBE_PORT: String(probePort),
            INSTANCE_ID: `${name}:${probePort}`,
            LOG_LEVEL: 'warn',
            ...ourSettings(),
            ...settings,
          },
          logPath: join(folder, `${name}.log`),
          probePort,
          readyTimeoutMs: 60_000,
          onUnexpectedEnd: (how) => {
            throw new Error(`${name} ended (${how})`);
          },
        }),
      );
    }
    await Promise.all(running.map((app) => app.start()));
    return new Apps(running, folder);
  }

  get cpuSeconds(): number {
    return this.running.reduce((sum, { pid }) => sum + cpuSeconds(pid ?? 0), 0);
  }

  /** Freezes them, so that a backlog can be laid out. */
  pause(): void {
    for (const app of this.running) app.pause();
  }

  resume(): void {
    for (const app of this.running) app.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((app) => app.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Of Node, by spaces: `--cpu-prof --cpu-prof-dir=/tmp/profile`, for who wants to see where the time goes. */
const nodeArgs = (): string[] =>
  (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((arg) => arg !== '');

/** Settings of the app that the caller wants to try. */
function ourSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && OURS.test(name) ? [[name, value]] : [],
    ),
  );
}
