import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { DEVICE_REGISTRY, telemetryStream } from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { eventually, freePort, repositoryRoot, startRedis, type RedisServer } from '@app/common/testing';
import { AppProcess } from '../../tools/demo/app-process';
import { roleUrl } from '../../tools/demo/stack';
import { type BenchServer } from '../sink/server';

/** The default of TELEMETRY_SHARDS. */
const SHARDS = 16;

/** Counts of the processor so far. */
export interface Progress {
  readonly frames: number;
  readonly records: number;
}

/** The whole processor (edge, ingest, sink) as the built app, on a Redis of its own and the bench's PostgreSQL. */
export class ProcessorUnderTest {
  private constructor(
    private readonly app: AppProcess,
    readonly redis: RedisServer,
    readonly edgePort: number,
    private readonly probePort: number,
    private readonly folder: string,
    private readonly client: Redis,
  ) {}

  static async start(server: BenchServer): Promise<ProcessorUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-pipeline-'));
    const redis = await startRedis({ dir: join(folder, 'redis'), appendfsync: 'always' });
    const [edgePort, probePort] = [await freePort(), await freePort()];
    const app = new AppProcess({
      name: 'processor',
      command: process.execPath,
      args: [...nodeArgs(), join(repositoryRoot(), 'dist/apps/processor/main.js')],
      cwd: repositoryRoot(),
      environment: {
        PATH: process.env['PATH'] ?? '',
        DATABASE_URL: roleUrl(server.url('postgres'), 'odograph_processor'),
        REDIS_URL: redis.url,
        EDGE_HOST: '127.0.0.1',
        EDGE_TCP_PORT: String(edgePort),
        PROBE_HOST: '127.0.0.1',
        PROBE_PORT: String(probePort),
        LOG_LEVEL: 'warn',
        ...ourSettings(),
      },
      logPath: join(folder, 'processor.log'),
      probePort,
      readyTimeoutMs: 60_000,
      onUnexpectedEnd: (how) => {
        throw new Error(`the processor ended (${how})`);
      },
    });
    await app.start();
    const started = new ProcessorUnderTest(app, redis, edgePort, probePort, folder, new Redis(redis.url));
    await started.registryFilled(server.deviceIds.size);
    return started;
  }

  get pid(): number {
    return this.app.pid ?? 0;
  }

  /** What is committed and acknowledged to the stream by now. */
  async progress(): Promise<Progress> {
    const text = await (await fetch(`http://127.0.0.1:${this.probePort}/metrics`)).text();
    const of = (line: RegExp): number => Number(line.exec(text)?.[1] ?? 0);
    return {
      frames: of(/odograph_ingest_entries_total\{[^}]*result="stored"[^}]*\} (\d+)/),
      records: of(/odograph_ingest_records_total\{[^}]*result="new"[^}]*\} (\d+)/),
    };
  }

  /** Frames in the streams that are not stored and acknowledged yet: asked of Redis, since a scrape costs the app itself. */
  async standingFrames(): Promise<number> {
    const pipeline = this.client.pipeline();
    for (let shard = 0; shard < SHARDS; shard += 1) pipeline.xinfo('GROUPS', telemetryStream(shard));
    const groups = (await pipeline.exec()) ?? [];
    return groups.reduce((sum, [, reply]) => sum + standingOf(reply), 0);
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.app.stop();
    await this.redis.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ingest projects the registry; a login before that is turned away. */
  private async registryFilled(devices: number): Promise<void> {
    const streams = new RedisStreams({
      ...{ url: this.redis.url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5_000 },
    });
    await streams.start();
    await eventually(
      async () => {
        const found = await streams.commands.run(DEVICE_REGISTRY, (redis) => redis.hlen(DEVICE_REGISTRY));
        return found > devices;
      },
      { what: 'the registry to be projected', timeoutMs: 60_000 },
    );
    await streams.close();
  }
}

/** Of Node, by spaces: `--cpu-prof`, for who wants to see where the time goes. */
const nodeArgs = (): string[] =>
  (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((arg) => arg !== '');

const OURS = /^(INGEST|SINK|EDGE|TELEMETRY|DATABASE_POOL)_/;

/** Settings of the processor that the caller wants to try. */
function ourSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && OURS.test(name) ? [[name, value]] : [],
    ),
  );
}

/** Of XINFO GROUPS: pending and lag of the one group; 0 for a stream that is not there yet. */
function standingOf(reply: unknown): number {
  const [group] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (!Array.isArray(group)) return 0;
  const valueOf = (name: string): number => Number(group[group.indexOf(name) + 1] ?? 0);
  return valueOf('pending') + valueOf('lag');
}
