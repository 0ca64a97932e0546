import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, isPortTaken, onFreePort } from './ports';
import { startRedis, type RedisServer } from './redis';

export interface ClusterServerOptions {
  /** Its own. */
  readonly dir: string;
  readonly appendfsync: 'always' | 'everysec';
  /** How long a server is silent before the others take it for dead. */
  readonly nodeTimeoutMs: number;
}

/** One server of a cluster, with a client of the test's own, outside any routing; killed and started again. */
export class ClusterServer {
  private constructor(
    private readonly launch: () => Promise<RedisServer>,
    private running: RedisServer,
    private client: Redis,
    readonly busPort: number,
    readonly id: string,
  ) {}

  static async start({ dir, appendfsync, nodeTimeoutMs }: ClusterServerOptions): Promise<ClusterServer> {
    // The bus between the nodes would take the port 10,000 above, which free ports do not leave room for.
    const { server, busPort, launch } = await onFreePort(
      undefined,
      async (port) => {
        const bus = await freePort();
        const start = (): Promise<RedisServer> =>
          startRedis({
            ...{ dir, port, appendfsync },
            extraArgs: [
              ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
              ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
            ],
          });
        return { server: await start(), busPort: bus, launch: start };
      },
      isPortTaken,
    );
    const client = clientOf(server);
    return new ClusterServer(launch, server, client, busPort, String(await client.cluster('MYID')));
  }

  get server(): RedisServer {
    return this.running;
  }

  call(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.client.call(command, ...args);
  }

  async info(section: string): Promise<string> {
    return String(await this.call('INFO', section));
  }

  /** SIGKILL, as a power cut. */
  async kill(): Promise<void> {
    this.client.disconnect();
    await this.running.kill();
  }

  /** On the files and the port that it had: what it knew of the cluster is among them. */
  async restart(): Promise<void> {
    this.running = await this.launch();
    this.client = clientOf(this.running);
  }
}

export const folderOf = (dir: string, server: number): string => join(dir, `node-${server}`);

const clientOf = ({ url }: RedisServer): Redis => new Redis(url, { retryStrategy: () => null });
