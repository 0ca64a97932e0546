import { type Redis } from 'ioredis';
import { OdographError } from '../../errors';
import { RedisConnection, type ConnectionOptions } from './connection';
import { type NodeAddress } from './endpoint';
import { type ClusterTopology } from './topology';

/** On top of what the server was told to wait: then the connection is dead, not idle. */
const GRACE_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;

export interface BlockingCommands {
  /**
   * Runs a command that waits, at the server of `key`. Undefined when the signal aborts.
   *
   * @throws OdographError as {@link RedisConnection.run}.
   */
  read(
    key: string,
    blockMs: number,
    signal: AbortSignal,
    command: (redis: Redis) => Promise<unknown>,
  ): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Reads that wait in the server, each on a connection of its own, since the server answers nothing else there
 * meanwhile. Connections are kept for the next wait; an aborted wait closes its connection, which is how the server
 * learns that nobody waits any more.
 */
export class BlockingReads implements BlockingCommands {
  private readonly idle: RedisConnection[] = [];
  private readonly busy = new Set<RedisConnection>();
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly options: Omit<ConnectionOptions, 'name'>) {}

  async read(
    _key: string,
    blockMs: number,
    signal: AbortSignal,
    command: (redis: Redis) => Promise<unknown>,
  ): Promise<unknown> {
    if (signal.aborted) return undefined;
    if (this.closed) throw new OdographError('REDIS_UNREACHABLE', { detail: 'the connection is closed' });
    const connection = this.take();
    const onAbort = () => this.discard(connection);
    signal.addEventListener('abort', onAbort);
    try {
      await connection.connect(CONNECT_TIMEOUT_MS, 'first');
      const reply = await connection.run(command, blockMs + GRACE_MS);
      this.giveBack(connection);
      return reply;
    } catch (error) {
      this.giveBack(connection);
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const connection of [...this.idle.splice(0), ...this.busy]) this.discard(connection);
    await Promise.all(this.closing);
  }

  private take(): RedisConnection {
    let connection = this.idle.pop();
    while (connection !== undefined && !connection.isReady) {
      this.discard(connection);
      connection = this.idle.pop();
    }
    connection ??= new RedisConnection({ ...this.options, name: 'blocking' });
    this.busy.add(connection);
    return connection;
  }

  /** One that is not ready comes back by itself, but maybe not before it is wanted: it is left for another time. */
  private giveBack(connection: RedisConnection): void {
    if (!this.busy.delete(connection)) return;
    if (this.closed || !connection.isReady) this.discard(connection);
    else this.idle.push(connection);
  }

  private discard(connection: RedisConnection): void {
    this.busy.delete(connection);
    const gone = connection.close().finally(() => this.closing.delete(gone));
    this.closing.add(gone);
  }
}

/** The same for each node of a cluster. */
export class ClusterBlockingReads implements BlockingCommands {
  private readonly nodes = new Map<NodeAddress, BlockingReads>();
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(
    private readonly topology: ClusterTopology,
    private readonly serverAt: (address: NodeAddress) => ConnectionOptions,
  ) {}

  read(
    key: string,
    blockMs: number,
    signal: AbortSignal,
    command: (redis: Redis) => Promise<unknown>,
  ): Promise<unknown> {
    // Without ASKING: while a slot is being moved the wait fails, and its caller looks again or waits anew.
    return this.topology.follow(key, (address) => this.at(address).read(key, blockMs, signal, command));
  }

  retain(addresses: ReadonlySet<NodeAddress>): void {
    for (const [address, reads] of this.nodes) {
      if (addresses.has(address)) continue;
      this.nodes.delete(address);
      const gone = reads.close().finally(() => this.closing.delete(gone));
      this.closing.add(gone);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.retain(new Set());
    await Promise.all(this.closing);
  }

  private at(address: NodeAddress): BlockingReads {
    if (this.closed) throw new OdographError('REDIS_UNREACHABLE', { detail: 'the connection is closed' });
    let reads = this.nodes.get(address);
    if (reads === undefined) {
      reads = new BlockingReads(this.serverAt(address));
      this.nodes.set(address, reads);
    }
    return reads;
  }
}
