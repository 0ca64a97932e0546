import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OUTBOX_PARTS } from '@app/common/contracts';
import { eventually, freePort, repositoryRoot } from '@app/common/testing';
import { AppProcess } from '../../tools/demo/app-process';
import { roleUrl } from '../../tools/demo/stack';
import { cpuSeconds } from '../shared/process-figures';
import { type RelayServers } from './servers';

const OURS = /^(RELAY|LEASE|DATABASE_POOL)_/;

interface RunningRelay {
  readonly app: AppProcess;
  readonly probePort: number;
}

/** Built relays as processes, which share the parts evenly. */
export class Relays {
  private constructor(
    private readonly running: readonly RunningRelay[],
    private readonly folder: string,
  ) {}

  static async start(servers: RelayServers, count: number): Promise<Relays> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-relays-'));
    const running: RunningRelay[] = [];
    for (let number = 1; number <= count; number += 1) {
      const probePort = await freePort();
      const name = `relay-${number}`;
      running.push({
        probePort,
        app: new AppProcess({
          name,
          command: process.execPath,
          args: [...nodeArgs(), join(repositoryRoot(), 'dist/apps/relay/main.js')],
          cwd: repositoryRoot(),
          environment: {
            PATH: process.env['PATH'] ?? '',
            DATABASE_URL: roleUrl(servers.postgres.url('postgres'), 'odograph_relay'),
            REDIS_URL: servers.redis.url,
            REDIS_FSYNC: 'everysec',
            PROBE_HOST: '127.0.0.1',
            PROBE_PORT: String(probePort),
            LOG_LEVEL: 'warn',
            ...ourSettings(),
          },
          logPath: join(folder, `${name}.log`),
          probePort,
          readyTimeoutMs: 60_000,
          onUnexpectedEnd: (how) => {
            throw new Error(`${name} ended (${how})`);
          },
        }),
      });
    }
    const relays = new Relays(running, folder);
    await Promise.all(running.map(({ app }) => app.start()));
    await relays.shared();
    return relays;
  }

  get cpuSeconds(): number {
    return this.running.reduce((sum, { app }) => sum + cpuSeconds(app.pid ?? 0), 0);
  }

  /** What /health of the first one says of the drain and of all that is not well. */
  async health(): Promise<unknown> {
    const [first] = this.running;
    const response = await fetch(`http://127.0.0.1:${first?.probePort}/health`);
    const { details } = (await response.json()) as { details: Record<string, unknown> };
    return details['drain'];
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map(({ app }) => app.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async shared(): Promise<void> {
    const share = OUTBOX_PARTS / this.running.length;
    await eventually(
      async () => {
        const owned = await Promise.all(this.running.map(({ probePort }) => partsOwned(probePort)));
        return owned.every((parts) => parts === share);
      },
      { what: `each relay to own ${share} parts`, timeoutMs: 60_000 },
    );
  }
}

async function partsOwned(probePort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${probePort}/metrics`)).text();
  return Number(/odograph_relay_parts_owned(?:\{[^}]*\})? (\d+)/.exec(text)?.[1] ?? 0);
}

/** Of Node, by spaces: `--cpu-prof --cpu-prof-dir=/tmp/profile`, for who wants to see where the time goes. */
const nodeArgs = (): string[] =>
  (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((arg) => arg !== '');

/** Settings of the relay that the caller wants to try. */
function ourSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && OURS.test(name) ? [[name, value]] : [],
    ),
  );
}
