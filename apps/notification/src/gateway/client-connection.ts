import { type RawData, WebSocket } from 'ws';
import { type GatewayClaims } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { addedAtMs } from '@app/common/streams';
import {
  CLOSE,
  type ClientMessage,
  type GatewayMessage,
  parseClientMessage,
  textOf,
} from './client-messages';
import { type EventFeed } from './event-feed';
import { type GatewayMetrics } from './gateway.metrics';
import { OutgoingQueue, type QueueLimits } from './outgoing-queue';
import { RateLimit } from './rate-limit';
import { type Replays } from './replay';
import { Subscriber } from './subscriber';
import { type UpgradeQuestion } from './upgrade-request';

export interface ConnectionContext {
  readonly feed: EventFeed;
  readonly replays: Replays;
  readonly queue: QueueLimits;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly pingIntervalMs: number;
  readonly readToken: (token: string) => GatewayClaims | undefined;
}

export type CloseReason = 'client' | 'dead' | 'token_expired' | 'too_slow' | 'policy' | 'draining' | 'failed';

/** Node's timers run at once for a longer time. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const MESSAGES_PER_SECOND = 2;
const MESSAGE_BURST = 20;
/** What a client that does not answer a close has for it. */
const CLOSE_GRACE_MS = 2000;

/** One client: its WebSocket, what it says, and how long it may stay. */
export class ClientConnection {
  private readonly subscriber: Subscriber;
  private readonly rate = new RateLimit(MESSAGES_PER_SECOND, MESSAGE_BURST);
  private expiry: NodeJS.Timeout | undefined;
  private graceTimer: NodeJS.Timeout | undefined;
  private expiresAtMs: number;
  private isAlive = true;
  private isResuming = false;
  private isLive = false;
  private reason: CloseReason | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly claims: GatewayClaims,
    private readonly question: UpgradeQuestion,
    private readonly context: ConnectionContext,
    private readonly onClosed: (reason: CloseReason) => void,
  ) {
    const { metrics, feed } = context;
    this.expiresAtMs = claims.expiresAtMs;
    const queue = new OutgoingQueue(this.outlet(), context.queue, {
      onSent: ({ cursor }) => this.onSent(cursor),
      onCoalesced: () => metrics.events.inc({ result: 'coalesced' }),
      onExpired: () => metrics.events.inc({ result: 'expired' }),
      onOverflow: () => this.end(CLOSE.tooSlow, 'too_slow', 'too slow: resume from your last cursor'),
    });
    this.subscriber = new Subscriber({
      userId: claims.userId,
      deviceSessionId: question.deviceSessionId,
      queue,
      recent: feed.recent,
      onRepeated: () => metrics.events.inc({ result: 'repeated' }),
      onExpired: () => metrics.events.inc({ result: 'expired' }),
    });
  }

  /** Sends the welcome and begins: live, or where the client left off. */
  open(): void {
    const { feed, pingIntervalMs } = this.context;
    this.socket.on('message', (data, isBinary) => this.onMessage(data, isBinary));
    this.socket.on('pong', () => (this.isAlive = true));
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('close', () => this.onClose());
    this.watchExpiry();
    if (this.reason !== undefined) return;
    this.say({ type: 'welcome', cursor: feed.position, ping_interval_ms: pingIntervalMs });
    this.subscriber.beginBehind(feed.position);
    feed.add(this.subscriber);
    if (this.question.since === undefined) this.goLive();
    else void this.resume(this.question.since, []);
  }

  /** Ends one that has not answered the last ping, and pings the others. */
  ping(): void {
    if (!this.isAlive) {
      this.reason ??= 'dead';
      this.socket.terminate();
      return;
    }
    this.isAlive = false;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  /** Events that wait for the client to read. */
  get queued(): number {
    return this.subscriber.queue.length;
  }

  /** Resolves when all that is queued is on its way. */
  drained(): Promise<void> {
    return this.subscriber.queue.drained();
  }

  goAway(): void {
    this.end(CLOSE.goingAway, 'draining', 'the gateway stops: come back and resume');
  }

  terminate(): void {
    this.socket.terminate();
  }

  private goLive(): void {
    this.isLive = true;
    this.context.feed.join(this.subscriber);
  }

  /** Never rejects: what fails ends the connection, and the client comes back with its last cursor. */
  private async resume(since: string, seen: readonly string[]): Promise<void> {
    const { feed, replays, metrics, logger } = this.context;
    this.isResuming = true;
    this.isLive = false;
    feed.leave(this.subscriber);
    this.subscriber.beginBehind(since, seen);
    let wasReset = false;
    try {
      await replays.catchUp(this.subscriber, {
        onReset: (cursor) => {
          wasReset = true;
          this.say({ type: 'reset', cursor, at_ms: addedAtMs(cursor) });
        },
      });
      if (this.subscriber.isClosed) return;
      this.isLive = true;
      metrics.resumes.inc({ result: wasReset ? 'reset' : 'resumed' });
      this.say({ type: 'resumed', cursor: this.subscriber.cursor });
    } catch (error) {
      logger.warn({ event: 'gateway_resume_failed', reason: describeError(error) });
      metrics.resumes.inc({ result: 'failed' });
      this.end(CLOSE.tryAgain, 'failed', 'the events cannot be read now: come back');
    } finally {
      this.isResuming = false;
    }
  }

  private onMessage(data: RawData, isBinary: boolean): void {
    this.isAlive = true;
    const message = isBinary || !this.rate.take() ? undefined : parseClientMessage(textOf(data));
    if (message === undefined || !this.obeys(message)) {
      this.end(CLOSE.policy, 'policy', 'no message that is understood here, or too many');
    }
  }

  private obeys(message: ClientMessage): boolean {
    if (message.type === 'token') return this.renew(message.token);
    if (this.isResuming) return false;
    void this.resume(message.since, message.seen);
    return true;
  }

  private renew(token: string): boolean {
    const claims = this.context.readToken(token);
    const isSame = claims?.userId === this.claims.userId && claims.tenantId === this.claims.tenantId;
    if (claims === undefined || !isSame) return false;
    this.expiresAtMs = claims.expiresAtMs;
    this.watchExpiry();
    this.say({ type: 'token_accepted', expires_at_ms: claims.expiresAtMs });
    return true;
  }

  private watchExpiry(): void {
    clearTimeout(this.expiry);
    const leftMs = this.expiresAtMs - Date.now();
    if (leftMs <= 0) return this.end(CLOSE.tokenExpired, 'token_expired', 'the token has expired');
    this.expiry = setTimeout(() => this.watchExpiry(), Math.min(leftMs, MAX_TIMER_MS));
  }

  private onSent(cursor: string): void {
    const { metrics } = this.context;
    metrics.events.inc({ result: 'sent' });
    if (this.isLive) metrics.deliverySeconds.observe(Math.max(0, Date.now() - addedAtMs(cursor)) / 1000);
  }

  private say(message: GatewayMessage): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private end(code: number, reason: CloseReason, words: string): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.leave();
    this.socket.close(code, words);
    // A close waits behind what the client does not read.
    this.graceTimer = setTimeout(() => this.socket.terminate(), CLOSE_GRACE_MS);
  }

  private leave(): void {
    clearTimeout(this.expiry);
    this.context.feed.remove(this.subscriber);
    this.subscriber.close();
  }

  private onError(error: Error): void {
    this.reason ??= 'client';
    this.context.logger.debug({ event: 'gateway_socket_error', err: error });
  }

  private onClose(): void {
    clearTimeout(this.graceTimer);
    this.leave();
    this.onClosed(this.reason ?? 'client');
  }

  private outlet() {
    const { socket } = this;
    return {
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      send: (text: string, written: () => void) => socket.send(text, () => written()),
    };
  }
}
