import { type Redis } from 'ioredis';
import { OdographError } from '../../errors';
import { RedisConnection, type ConnectionOptions } from './connection';

/** On top of what the server was told to wait: then the connection is dead, not idle. */
const GRACE_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;

/**
 * Reads that wait in the server, each on a connection of its own, since the server answers nothing else there
 * meanwhile. Connections are kept for the next wait; an aborted wait closes its connection, which is how the server
 * learns that nobody waits any more.
 */
export class BlockingReads {
  private readonly idle: RedisConnection[] = [];
  private readonly busy = new Set<RedisConnection>();
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly options: Pick<ConnectionOptions, 'url' | 'replyTimeoutMs'>) {}

  /** Undefined when the signal aborts. @throws OdographError as {@link RedisConnection.run}. */
  async read(
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
