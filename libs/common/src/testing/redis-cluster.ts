import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually';
import { freePort, isPortTaken, onFreePort } from './ports';
import { startRedis, type RedisServer } from './redis';

export interface RedisClusterOptions {
  /** Holds a folder for each node. */
  readonly dir: string;
  readonly masters?: number;
  readonly appendfsync: 'always' | 'everysec';
}

export interface RedisCluster {
  /** All nodes, as REDIS_URL takes them. */
  readonly url: string;
  /** In the order of their slots. */
  readonly nodes: readonly RedisServer[];
  /** One command on one node, outside any routing. */
  call(node: number, command: string, ...args: (string | number)[]): Promise<unknown>;
  /** Slots of a name's node move to another one, key by key, as `redis-cli --cluster reshard` does. */
  startMoving(slot: number, from: number, to: number): Promise<void>;
  moveKeys(slot: number, from: number, to: number): Promise<void>;
  finishMoving(slot: number, from: number, to: number): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** Starts a Redis Cluster of masters alone on this machine; resolves when every node sees all slots served. */
export async function startRedisCluster(options: RedisClusterOptions): Promise<RedisCluster> {
  const { masters = 3 } = options;
  const nodes: RedisServer[] = [];
  const clients: Redis[] = [];
  const stop = async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(nodes.map((node) => node.kill()));
  };
  try {
    nodes.push(...(await Promise.all(Array.from({ length: masters }, (_, n) => startNode(options, n)))));
    clients.push(...nodes.map(({ url }) => new Redis(url, { retryStrategy: () => null })));
    const ids = await Promise.all(clients.map(async (client) => String(await client.cluster('MYID'))));
    const cluster = clusterOf(nodes, clients, ids, stop);
    await joinNodes(clients, nodes);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

function startNode({ dir, appendfsync }: RedisClusterOptions, n: number): Promise<RedisServer> {
  // The bus between the nodes would take the port 10,000 above, which free ports do not leave room for.
  return onFreePort(
    undefined,
    async (port) =>
      startRedis({
        ...{ dir: join(dir, `node-${n}`), port, appendfsync },
        extraArgs: [
          ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
          ...['--cluster-node-timeout', '5000'],
        ],
      }),
    isPortTaken,
  );
}

/** Shares the slots out and lets the nodes meet. */
async function joinNodes(clients: readonly Redis[], nodes: readonly RedisServer[]): Promise<void> {
  const [first] = clients;
  if (first === undefined) throw new RangeError('a cluster has a node');
  const share = SLOTS / clients.length;
  for (const [n, client] of clients.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
    const last = Math.round(share * (n + 1)) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', Math.round(share * n), last);
  }
  for (const [n, client] of clients.entries()) {
    if (n === 0) continue;
    const [, busPort] = (await client.config('GET', 'cluster-port')) as string[];
    await first.call('CLUSTER', 'MEET', '127.0.0.1', nodes[n]?.port ?? 0, busPort ?? 0);
  }
  await eventually(
    async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')));
      const known = `cluster_known_nodes:${clients.length}`;
      return infos.every((info) => String(info).includes('cluster_state:ok') && String(info).includes(known));
    },
    { what: 'the nodes of the cluster to know each other', timeoutMs: 30_000 },
  );
}

function clusterOf(
  nodes: readonly RedisServer[],
  clients: readonly Redis[],
  ids: readonly string[],
  stop: () => Promise<void>,
): RedisCluster {
  const call = (node: number, command: string, ...args: (string | number)[]): Promise<unknown> => {
    const client = clients[node];
    if (client === undefined) throw new RangeError(`there is no node ${node}`);
    return client.call(command, ...args);
  };
  return {
    ...{ url: `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`, nodes, call, stop },
    startMoving: async (slot, from, to) => {
      await call(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? '');
      await call(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? '');
    },
    moveKeys: async (slot, from, to) => {
      const port = nodes[to]?.port ?? 0;
      for (;;) {
        const keys = (await call(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
        if (keys.length === 0) return;
        for (const key of keys) await call(from, 'MIGRATE', '127.0.0.1', port, key, 0, 5000);
      }
    },
    finishMoving: async (slot, from, to) => {
      for (const node of [to, from]) await call(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '');
    },
  };
}
