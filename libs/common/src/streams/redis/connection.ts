import { Redis, type RedisOptions } from 'ioredis';
import { OdographError } from '../../errors';
import { errorWord } from '../server-refusals';
import { type SentinelEndpoint } from './endpoint';
import { streamError } from './stream-error';

export interface ConnectionOptions {
  readonly url: string;
  /** Who knows where the server is; the URL's host is then one of them. */
  readonly sentinel?: SentinelEndpoint;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** Longest wait for an answer; the connection is made again after it. */
  readonly replyTimeoutMs: number;
}

/** For whoever wants to know of the socket itself. */
export interface ConnectionHooks {
  readonly ready: (redis: Redis) => void;
  readonly lost: () => void;
}

const CONNECT_TIMEOUT_MS = 5000;
const SENTINEL_TIMEOUT_MS = 1000;
export const READ_ONLY = 'READONLY';
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
/** How long a closing connection may take before its socket is destroyed: a frozen server never answers our FIN. */
const DISCONNECT_TIMEOUT_MS = 200;

/**
 * One connection. It comes back by itself, and it never queues or resends: what was asked during an outage, or was
 * unanswered when the connection broke, rejects. A client that resends by itself moves marks before anybody can compare
 * them with what was acknowledged.
 */
export class RedisConnection {
  private readonly redis: Redis;
  private lastError: unknown;
  private closed = false;

  constructor(
    private readonly options: ConnectionOptions,
    hooks?: ConnectionHooks,
  ) {
    this.redis = new Redis(options.url, {
      connectionName: `odograph:${options.name}`,
      lazyConnect: true,
      disableClientInfo: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      keepAlive: 10_000,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Unanswered commands reject as soon as the connection closes; with null and no resending they would hang for ever.
      maxRetriesPerRequest: 0,
      retryStrategy: retryDelayMs,
      // It was demoted to a replica under us: the next connection looks for the primary. The answer itself still rejects.
      reconnectOnError: ({ message }) => errorWord(message) === READ_ONLY,
      ...(options.sentinel === undefined ? {} : throughSentinels(options.url, options.sentinel)),
    });
    this.redis.on('error', (error) => {
      this.lastError = error;
    });
    this.redis.on('ready', () => {
      this.lastError = undefined;
      hooks?.ready(this.redis);
    });
    if (hooks !== undefined) this.redis.on('close', hooks.lost);
  }

  /**
   * Resolves when it is ready. It goes on trying in the background until it is closed.
   *
   * @param giveUp 'late': after `timeoutMs`, however many attempts fail; 'first': when an attempt fails.
   * @throws OdographError REDIS_UNREACHABLE
   */
  async connect(timeoutMs: number, giveUp: 'late' | 'first' = 'late'): Promise<void> {
    if (this.redis.status === 'ready') return;
    // Failed attempts are reported as 'error' events and repeated by the retry strategy.
    if (this.redis.status === 'wait') this.redis.connect().catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void) => () => {
        clearTimeout(timer);
        this.redis.off('ready', done);
        this.redis.off('end', failed);
        this.redis.off('close', failed);
        finish();
      };
      const done = settle(resolve);
      const failed = settle(() => reject(streamError(new Error('not connected'), this.lastError)));
      const timer = setTimeout(failed, timeoutMs);
      this.redis.once('ready', done);
      this.redis.once('end', failed);
      if (giveUp === 'first') this.redis.once('close', failed);
    });
  }

  /**
   * Runs commands on this connection and maps what goes wrong.
   *
   * @throws OdographError REDIS_UNREACHABLE (outcome unknown) or STREAM_REFUSED.
   */
  async run<Value>(
    work: (redis: Redis) => Promise<Value>,
    timeoutMs = this.options.replyTimeoutMs,
  ): Promise<Value> {
    if (this.closed) throw new OdographError('REDIS_UNREACHABLE', { detail: 'the connection is closed' });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${timeoutMs} ms`));
        // What comes later would be taken for answers to the next commands' callers, who wait behind it in vain.
        this.redis.disconnect(true);
      }, timeoutMs);
    });
    try {
      return await Promise.race([work(this.redis), late]);
    } catch (error) {
      throw streamError(error, this.lastError);
    } finally {
      clearTimeout(timer);
    }
  }

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  /** Leaves the connection for a new one: the server turned out not to be the one that is wanted. */
  renew(): void {
    if (!this.closed) this.redis.disconnect(true);
  }

  /** Unanswered commands reject. Resolves when the socket is gone. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const hasSocket = ['connecting', 'connect', 'ready', 'disconnecting'].includes(this.redis.status);
    const ended = new Promise<void>((resolve) => {
      if (hasSocket) this.redis.once('end', () => resolve());
      else resolve();
    });
    this.redis.disconnect();
    await ended;
  }
}

/** Only the primary is taken: ioredis asks a server for its role before it calls the connection ready. */
function throughSentinels(url: string, { sentinels, master, password }: SentinelEndpoint): RedisOptions {
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name: master,
    role: 'master',
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    updateSentinels: true,
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(url.startsWith('rediss:') ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  };
}

/** Doubling with jitter, so that a fleet of processes does not come back in step. */
function retryDelayMs(attempt: number): number {
  const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(delayMs * (0.5 + Math.random() / 2));
}
