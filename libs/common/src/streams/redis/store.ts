import { BlockingReads, ClusterBlockingReads, type BlockingCommands } from './blocking-reads';
import { RedisConnection } from './connection';
import { type Endpoint } from './endpoint';
import { ClusterLines, SingleLine, type WriteLines } from './lines';
import { NodePool } from './node-pool';
import { ClusterNodes, SingleNode, type RedisNodes } from './nodes';
import { ClusterTopology } from './topology';
import { ClusterWaiter, SingleWaiter, type EntryWaiter } from './waiting';
import { WriteLine } from './write-line';

/**
 * All connections of a process to its streams. Writes that wait for the disk or for replicas have connections of their
 * own, so that reads and acks do not queue behind them.
 */
export interface RedisStore {
  readonly commands: RedisNodes;
  readonly writes: RedisNodes;
  readonly appends: WriteLines;
  readonly blocking: BlockingCommands;
  readonly waiter: EntryWaiter;
  /** @throws OdographError REDIS_UNREACHABLE after `timeoutMs`. */
  connect(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly replyTimeoutMs: number;
  readonly waitReplicas: number;
}

export function openStore(endpoint: Endpoint, options: StoreOptions): RedisStore {
  return endpoint.kind === 'single' ? singleStore(endpoint, options) : clusterStore(endpoint.seeds, options);
}

function singleStore(
  { url, sentinel }: Extract<Endpoint, { kind: 'single' }>,
  { replyTimeoutMs, waitReplicas }: StoreOptions,
): RedisStore {
  const server = { url, replyTimeoutMs, ...(sentinel === undefined ? {} : { sentinel }) };
  const blocking = new BlockingReads(server);
  return storeOf(
    {
      commands: new SingleNode(new RedisConnection({ ...server, name: 'commands' })),
      writes: new SingleNode(new RedisConnection({ ...server, name: 'writes' })),
      appends: new SingleLine(new WriteLine({ ...server, name: 'appends' }, waitReplicas)),
      blocking,
      waiter: new SingleWaiter(blocking),
    },
    () => Promise.resolve(),
  );
}

function clusterStore(seeds: readonly string[], { replyTimeoutMs, waitReplicas }: StoreOptions): RedisStore {
  const topology: ClusterTopology = new ClusterTopology(seeds, (masters) => {
    for (const pool of [commands, writes, lines]) pool.retain(masters);
    blocking.retain(masters);
  });
  const server = (name: string) => (address: string) => ({
    ...{ url: topology.urlOf(address), name, replyTimeoutMs },
  });
  const commands = new NodePool((address) => new RedisConnection(server('commands')(address)));
  const writes = new NodePool((address) => new RedisConnection(server('writes')(address)));
  const lines = new NodePool((address) => new WriteLine(server('appends')(address), waitReplicas));
  const blocking = new ClusterBlockingReads(topology, server('blocking'));
  return storeOf(
    {
      commands: new ClusterNodes(topology, commands),
      writes: new ClusterNodes(topology, writes),
      appends: new ClusterLines(topology, lines),
      blocking,
      waiter: new ClusterWaiter(blocking),
    },
    () => topology.close(),
  );
}

function storeOf(
  parts: Omit<RedisStore, 'connect' | 'close'>,
  closeTopology: () => Promise<void>,
): RedisStore {
  const { commands, writes, appends, blocking } = parts;
  return {
    ...parts,
    connect: async (timeoutMs) => {
      await Promise.all([commands, writes, appends].map((each) => each.connect(timeoutMs)));
    },
    close: async () => {
      await Promise.all([
        ...[commands, writes, appends, blocking].map((each) => each.close()),
        closeTopology(),
      ]);
    },
  };
}
