import { eventually } from './eventually';
import { type RedisServer } from './redis';
import { ClusterServer, folderOf } from './redis-cluster-server';

export interface RedisClusterOptions {
  /** Holds a folder for each server. */
  readonly dir: string;
  readonly masters?: number;
  /** One replica for each master. Default false. */
  readonly replicas?: boolean;
  readonly appendfsync: 'always' | 'everysec';
  /** How long a server is silent before the others take it for dead. Default 5 s. */
  readonly nodeTimeoutMs?: number;
}

/** Servers are numbered: the masters of the start in the order of their slots, then their replicas in the same order. */
export interface RedisCluster {
  /** All masters of the start, as REDIS_URL takes them. */
  readonly url: string;
  /** As they run now. */
  readonly nodes: readonly RedisServer[];
  /** One command on one server, outside any routing. */
  call(server: number, command: string, ...args: (string | number)[]): Promise<unknown>;
  /** The server that serves a key's slot, as the living ones have it now. */
  serverOf(key: string): Promise<number>;
  kill(server: number): Promise<void>;
  /** On its files and its port. */
  restart(server: number): Promise<void>;
  /** Resolves when all living servers see every slot served, by others than those. */
  untilServedWithout(...servers: number[]): Promise<void>;
  /** Resolves when every slot is served and every replica follows a master. */
  untilWhole(): Promise<void>;
  /** Slots of a name's node move to another one, key by key, as `redis-cli --cluster reshard` does. */
  startMoving(slot: number, from: number, to: number): Promise<void>;
  moveKeys(slot: number, from: number, to: number): Promise<void>;
  finishMoving(slot: number, from: number, to: number): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 5000;
const SETTLE_TIMEOUT_MS = 30_000;

/** Starts a Redis Cluster on this machine; resolves when every server sees all slots served and replicas have caught up. */
export async function startRedisCluster(options: RedisClusterOptions): Promise<RedisCluster> {
  const { dir, masters = 3, replicas = false, appendfsync, nodeTimeoutMs = NODE_TIMEOUT_MS } = options;
  const count = masters * (replicas ? 2 : 1);
  const starts = Array.from({ length: count }, (_, n) =>
    ClusterServer.start({ dir: folderOf(dir, n), appendfsync, nodeTimeoutMs }),
  );
  const settled = await Promise.allSettled(starts);
  const servers = settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const cluster = new RunningCluster(servers, masters);
  try {
    await Promise.all(starts);
    await cluster.join();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class RunningCluster implements RedisCluster {
  readonly url: string;
  private readonly dead = new Set<number>();

  constructor(
    private readonly servers: readonly ClusterServer[],
    private readonly masters: number,
  ) {
    const hosts = servers.slice(0, masters).map(({ server }) => `127.0.0.1:${server.port}`);
    this.url = `redis://${hosts.join(',')}`;
  }

  get nodes(): readonly RedisServer[] {
    return this.servers.map(({ server }) => server);
  }

  async call(server: number, command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.at(server).call(command, ...args);
  }

  async serverOf(key: string): Promise<number> {
    const [first] = this.living();
    const slot = Number(await first?.call('CLUSTER', 'KEYSLOT', key));
    const ranges = (await first?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    return this.servers.findIndex(({ server }) => server.port === range?.[2][1]);
  }

  async kill(server: number): Promise<void> {
    this.dead.add(server);
    await this.at(server).kill();
  }

  async restart(server: number): Promise<void> {
    await this.at(server).restart();
    this.dead.delete(server);
  }

  async untilServedWithout(...servers: number[]): Promise<void> {
    const without = servers.map((server) => this.at(server).id);
    await eventually(
      async () => {
        const views = await Promise.all(this.living().map((server) => this.viewOf(server)));
        return views.every(
          ({ isServed, masters }) => isServed && !without.some((id) => masters.includes(id)),
        );
      },
      { what: `the slots to be served without ${servers.join(', ')}`, timeoutMs: SETTLE_TIMEOUT_MS },
    );
  }

  async untilWhole(): Promise<void> {
    await eventually(
      async () => {
        const views = await Promise.all(this.servers.map((server) => this.viewOf(server)));
        const infos = await Promise.all(this.servers.map((server) => server.info('replication')));
        const followers = infos.filter((info) => info.includes('master_link_status:up')).length;
        const isKnown = views.every(({ isServed, known }) => isServed && known === this.servers.length);
        return isKnown && followers === this.servers.length - this.masters;
      },
      { what: 'the servers of the cluster to know and follow each other', timeoutMs: SETTLE_TIMEOUT_MS },
    );
  }

  /** Shares the slots out, lets the servers meet, and gives each master its replica. */
  async join(): Promise<void> {
    const { servers, masters } = this;
    const share = SLOTS / masters;
    for (const [n, server] of servers.slice(0, masters).entries()) {
      await server.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
      const last = Math.round(share * (n + 1)) - 1;
      await server.call('CLUSTER', 'ADDSLOTSRANGE', Math.round(share * n), last);
    }
    for (const { server, busPort } of servers.slice(1)) {
      await this.call(0, 'CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
    }
    for (const [n, replica] of servers.slice(masters).entries()) {
      const { id } = this.at(n);
      // Refused until the replica has heard of its master.
      await eventually(() => replica.call('CLUSTER', 'REPLICATE', id), {
        ...{ what: `the replica to know master ${n}`, timeoutMs: SETTLE_TIMEOUT_MS },
      });
    }
    await this.untilWhole();
  }

  async startMoving(slot: number, from: number, to: number): Promise<void> {
    await this.call(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', this.at(from).id);
    await this.call(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', this.at(to).id);
  }

  async moveKeys(slot: number, from: number, to: number): Promise<void> {
    const { port } = this.at(to).server;
    for (;;) {
      const keys = (await this.call(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
      if (keys.length === 0) return;
      for (const key of keys) await this.call(from, 'MIGRATE', '127.0.0.1', port, key, 0, 5000);
    }
  }

  async finishMoving(slot: number, from: number, to: number): Promise<void> {
    for (const server of [to, from])
      await this.call(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', this.at(to).id);
  }

  async stop(): Promise<void> {
    await Promise.all(this.living().map((server) => server.kill()));
  }

  private async viewOf(
    server: ClusterServer,
  ): Promise<{ isServed: boolean; known: number; masters: string[] }> {
    const [info, nodes] = await Promise.all([
      server.call('CLUSTER', 'INFO'),
      server.call('CLUSTER', 'NODES'),
    ]);
    // `id address flags master … slots`: who serves slots is a master with a ninth word.
    const lines = String(nodes).trim().split('\n');
    const masters = lines.filter((line) => line.split(' ').length > 8).map((line) => line.slice(0, 40));
    return { isServed: String(info).includes('cluster_state:ok'), known: lines.length, masters };
  }

  private living(): ClusterServer[] {
    return this.servers.filter((_, n) => !this.dead.has(n));
  }

  private at(server: number): ClusterServer {
    const found = this.servers[server];
    if (found === undefined) throw new RangeError(`there is no server ${server}`);
    return found;
  }
}
