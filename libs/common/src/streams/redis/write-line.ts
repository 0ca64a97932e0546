import { type Socket } from 'node:net';
import { ReplyError, type Redis } from 'ioredis';
import { errorWord } from '../server-refusals';
import { READ_ONLY, RedisConnection, type ConnectionOptions } from './connection';
import { ErrorReply, ReplyReader, type Reply } from './reply-reader';
import { REPLICAS_TIMEOUT_MS } from './script';
import { refused } from './stream-error';
import { type TransactionBuffer } from './transaction-buffer';

/** An id, or the server's error, for each entry. */
export type LineResult = string | Error;

interface Exchange {
  /** How many answers are still to come. */
  missing: number;
  /** Errors of commands that were not even queued: the reason why the transaction is discarded. */
  readonly notQueued: Error[];
  readonly answers: Reply[];
  readonly resolve: (answers: readonly Reply[]) => void;
  readonly reject: (error: Error) => void;
}

/** MULTI's own answer. */
const MULTI_ANSWERS = 1;
/** Before a transaction on a node that is being given its slot. */
const ASKING = '*1\r\n$6\r\nASKING\r\n';

/**
 * A connection for transactions of XADDs only, which it writes and reads itself: ioredis makes the connection (address,
 * TLS, password, database, coming back after an outage) and, once it is ready, hands its socket over.
 */
export class WriteLine {
  private readonly connection: RedisConnection;
  private readonly replyTimeoutMs: number;
  /** The socket of a ready connection; undefined during an outage. */
  private socket: Socket | undefined;
  private readonly exchanges: Exchange[] = [];
  private takenOver: (() => void)[] = [];

  constructor(
    options: ConnectionOptions,
    private readonly replicas: number,
  ) {
    this.replyTimeoutMs = options.replyTimeoutMs;
    this.connection = new RedisConnection(options, {
      ready: (redis) => this.takeOver(redis),
      lost: () => this.lose(new Error('the connection was lost')),
    });
  }

  /** @throws OdographError REDIS_UNREACHABLE */
  async connect(timeoutMs: number, giveUp: 'late' | 'first' = 'late'): Promise<void> {
    await this.connection.connect(timeoutMs, giveUp);
    await this.connection.run(
      () =>
        this.socket === undefined
          ? new Promise<void>((done) => this.takenOver.push(done))
          : Promise.resolve(),
      timeoutMs,
    );
  }

  get isReady(): boolean {
    return this.socket !== undefined;
  }

  /**
   * Writes the transaction and resolves to the results of its entries; it must not be changed until then. `asking` for
   * a node of a cluster that is being given the slot.
   *
   * @throws OdographError REDIS_UNREACHABLE (outcome unknown) or STREAM_REFUSED, for all of them.
   */
  write(transaction: TransactionBuffer, asking = false): Promise<readonly LineResult[]> {
    return this.connection.run(() => this.exchange(transaction, asking), this.replyTimeoutMs);
  }

  async close(): Promise<void> {
    await this.connection.close();
    this.lose(new Error('the connection is closed'));
  }

  private async exchange(transaction: TransactionBuffer, asking: boolean): Promise<readonly LineResult[]> {
    const { socket, replicas } = this;
    if (socket === undefined || !socket.writable) throw new Error('not connected');
    const { count } = transaction;
    const answers = await new Promise<readonly Reply[]>((resolve, reject) => {
      const missing = (asking ? 1 : 0) + MULTI_ANSWERS + count + 1 + (replicas > 0 ? 1 : 0);
      this.exchanges.push({ missing, notQueued: [], answers: [], resolve, reject });
      if (asking) socket.write(ASKING);
      socket.write(transaction.finish(replicas, REPLICAS_TIMEOUT_MS));
    });
    return this.results(count, answers);
  }

  private results(count: number, [executed, answered]: readonly Reply[]): LineResult[] {
    if (!isArray(executed) || executed.length !== count) throw refused('the transaction was discarded');
    if (typeof answered === 'number' && answered < this.replicas) {
      throw refused(`${answered} of ${this.replicas} replicas hold the write`);
    }
    return executed.map((id) => {
      if (id instanceof ErrorReply) return replyError(id);
      return typeof id === 'string' ? id : refused('no entry id was given');
    });
  }

  /** With the answer to a PING nothing of the client's own is under way any more. */
  private takeOver(redis: Redis): void {
    const { stream } = redis;
    redis.ping().then(
      () => {
        if (stream.destroyed) return;
        const reader = new ReplyReader((reply) => this.take(reply));
        stream.removeAllListeners('data');
        stream.on('data', (chunk: Buffer) => {
          try {
            reader.push(chunk);
          } catch (error) {
            stream.destroy(error instanceof Error ? error : new Error(String(error)));
          }
        });
        this.socket = stream;
        for (const done of this.takenOver.splice(0)) done();
      },
      // The connection went at once; it comes back, and so do we.
      () => stream.destroy(),
    );
  }

  private take(reply: Reply): void {
    const [exchange] = this.exchanges;
    if (exchange === undefined) throw new Error('an answer that nobody asked for');
    exchange.missing -= 1;
    const answersAtEnd = this.replicas > 0 ? 2 : 1;
    if (exchange.missing >= answersAtEnd) {
      if (reply instanceof ErrorReply) exchange.notQueued.push(replyError(reply));
      return;
    }
    exchange.answers.push(reply);
    if (exchange.missing > 0) return;
    this.exchanges.shift();
    const failed = exchange.answers.find((answer) => answer instanceof ErrorReply);
    if (failed === undefined) {
      exchange.resolve(exchange.answers);
      return;
    }
    const reason = exchange.notQueued[0] ?? replyError(failed);
    exchange.reject(reason);
    if (errorWord(reason.message) === READ_ONLY) this.connection.renew();
  }

  private lose(reason: Error): void {
    this.socket = undefined;
    for (const { reject } of this.exchanges.splice(0)) reject(reason);
  }
}

const isArray = (reply: Reply | undefined): reply is readonly Reply[] => Array.isArray(reply);

/** As the client's own commands reject with it, so that errors are told apart in one place. */
function replyError({ message }: ErrorReply): Error {
  const make: unknown = ReplyError;
  const error: unknown = typeof make === 'function' ? Reflect.construct(make, [message]) : undefined;
  return error instanceof Error ? error : new Error(message);
}
