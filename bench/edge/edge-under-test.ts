import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { DEVICE_REGISTRY } from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { eventually, freePort, repositoryRoot, startRedis, type RedisServer } from '@app/common/testing';
import { selfSigned } from '../../apps/processor/src/edge/certificate.testing';
import { imeiOf } from '../shared/device';

export type Fsync = 'always' | 'everysec';

export interface EdgeOptions {
  /** Devices that the registry knows. */
  readonly devices: number;
  /** More of the edge's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The built processor with its edge alone, as a process, on a Redis of its own. */
export class EdgeUnderTest {
  private constructor(
    readonly pid: number,
    readonly port: number,
    readonly tlsPort: number,
    readonly tls: { readonly key: string; readonly cert: string },
    readonly redis: RedisServer,
    private readonly child: ChildProcess,
    private readonly client: Redis,
    private readonly folder: string,
    readonly redisPid: number,
  ) {}

  static async start({ devices, environment = {} }: EdgeOptions): Promise<EdgeUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-edge-'));
    const redis = await startRedis({
      dir: join(folder, 'redis'),
      appendfsync: 'always',
      // A rewrite in the middle of a round would be measured along; between rounds we ask for one.
      extraArgs: ['--auto-aof-rewrite-percentage', '0'],
    });
    await register(redis.url, devices);
    const [port, tlsPort, probePort] = [await freePort(), await freePort(), await freePort()];
    const tls = selfSigned('edge.bench');
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(certFile, tls.cert);
    writeFileSync(keyFile, tls.key, { mode: 0o600 });
    const log = openSync(join(folder, 'edge.log'), 'a');
    // Of Node, by spaces: `--cpu-prof --cpu-prof-dir=/tmp/profile`, for who wants to see where the time goes.
    const nodeArgs = (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((arg) => arg !== '');
    const child = spawn(
      process.execPath,
      [...nodeArgs, join(repositoryRoot(), 'dist/apps/processor/main.js')],
      {
        stdio: ['ignore', log, log],
        env: {
          PATH: process.env['PATH'],
          PROCESSOR_FEATURES: 'edge',
          REDIS_URL: redis.url,
          // The rounds change the server's fsync; what is declared is the lesser promise.
          REDIS_FSYNC: 'everysec',
          EDGE_HOST: '127.0.0.1',
          EDGE_TCP_PORT: String(port),
          EDGE_TLS_PORT: String(tlsPort),
          EDGE_TLS_CERT_FILE: certFile,
          EDGE_TLS_KEY_FILE: keyFile,
          PROBE_PORT: String(probePort),
          LOG_LEVEL: 'warn',
          ...environment,
        },
      },
    );
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error('the edge ended');
        return (await fetch(`http://127.0.0.1:${probePort}/readyz`)).ok;
      },
      { what: 'the edge to be ready', timeoutMs: 30_000 },
    );
    const client = new Redis(redis.url);
    const redisPid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1] ?? NaN);
    const ports = [port, tlsPort] as const;
    return new EdgeUnderTest(child.pid ?? 0, ...ports, tls, redis, child, client, folder, redisPid);
  }

  async setFsync(fsync: Fsync): Promise<void> {
    await this.client.config('SET', 'appendfsync', fsync);
  }

  /** Transactions that the server has carried out. */
  async writes(): Promise<number> {
    return Number(/cmdstat_exec:calls=(\d+)/.exec(await this.client.info('commandstats'))?.[1] ?? 0);
  }

  /** Frames in the telemetry streams. */
  async kept(): Promise<number> {
    const lengths = await Promise.all((await this.streams()).map((stream) => this.client.xlen(stream)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Throws away what a round has written, on disk too. */
  async clear(): Promise<void> {
    const streams = await this.streams();
    if (streams.length > 0) await this.client.unlink(...streams);
    await this.client.bgrewriteaof();
    await eventually(
      async () => (await this.client.info('persistence')).includes('aof_rewrite_in_progress:0'),
      {
        what: 'the append-only file to be rewritten',
        timeoutMs: 60_000,
      },
    );
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    this.child.kill('SIGTERM');
    if (this.child.exitCode === null) await once(this.child, 'exit');
    await this.redis.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private streams(): Promise<string[]> {
    return this.client.keys('telemetry:*');
  }
}

async function register(url: string, devices: number): Promise<void> {
  const streams = new RedisStreams({ url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 10_000 });
  await streams.start();
  const device = JSON.stringify({ deviceId: '1', tenantId: 'default', enabled: true });
  await streams.replaceProjection(
    DEVICE_REGISTRY,
    Array.from({ length: devices }, (_, number) => [imeiOf(number), device] as const),
  );
  await streams.close();
}
