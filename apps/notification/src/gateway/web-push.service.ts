import { WEB_PUSH_GROUP } from '@app/common/contracts';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { addedAtMs, type GroupStreams, type StreamEntry, type StreamInspector } from '@app/common/streams';
import { type ClientEvent, isExpired, parseClientEvent } from './client-event';
import { type PushClient } from './push-client';
import { pushMessageOf } from './push-message';
import { PushSender } from './push-sender';
import { type Delivery, type SubscriptionStore } from './subscription-store';
import { type WebPushMetrics } from './web-push.metrics';

export interface WebPushOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly claimThresholdMs: number;
  readonly ttlMs: number;
  readonly concurrency: number;
  readonly streams: GroupStreams & StreamInspector;
  readonly store: SubscriptionStore;
  readonly client: PushClient;
  readonly metrics: WebPushMetrics;
  readonly logger: Logger;
}

const READ_BLOCK_MS = 1000;
const BATCH = 100;
const CLAIM_EVERY_MS = 5000;
const RETRY_POLL_MS = 1000;
const RETRY_BATCH = 200;
/** An entry that has waited for so long means that Web Push stands still. */
const OLD_ENTRY_MS = 60_000;
/** More than the slowest batch takes. */
const RETRY_LEASE_MS = 120_000;

/**
 * Sends client events by Web Push: an entry is acknowledged when what became of its messages is in the database. At least
 * once: who dies in between leaves the entry to another instance. What a push service does not take now is a row that is
 * tried again until it expires, so that nothing in the stream waits for it.
 */
export class WebPushService implements Service, HealthContributor {
  readonly name = 'web push';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly stopping = new AbortController();
  private readonly sender: PushSender;
  private readonly loops: readonly Loop[];
  private claimedAtMs = 0;

  constructor(private readonly options: WebPushOptions) {
    const { client, concurrency, metrics, logger } = options;
    this.sender = new PushSender(client, concurrency, metrics);
    this.loops = [
      new Loop({ name: 'web push reader', logger, round: () => this.read() }),
      new Loop({ name: 'web push retries', logger, round: () => this.retryDue() }),
    ];
  }

  async start(): Promise<void> {
    await this.options.streams.ensureGroup(this.options.stream, WEB_PUSH_GROUP);
    for (const loop of this.loops) loop.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops.map((loop) => loop.stop()));
    this.options.client.close();
  }

  async check(): Promise<HealthReport> {
    const { streams, stream } = this.options;
    const info = await streams.info(stream, [WEB_PUSH_GROUP]);
    const group = info?.groups.find(({ name }) => name === WEB_PUSH_GROUP);
    const waitedMs = Math.max(group?.oldestUnreadMs ?? 0, group?.oldestPendingMs ?? 0);
    return {
      status: group === undefined || waitedMs > OLD_ENTRY_MS ? 'degraded' : 'up',
      details: { lag: group?.lag ?? 'unknown', pending: group?.pending ?? 0, oldestMs: waitedMs },
    };
  }

  private async read(): Promise<number> {
    const { streams, stream, consumer, claimThresholdMs } = this.options;
    const group = { stream, group: WEB_PUSH_GROUP, consumer, count: BATCH };
    if (Date.now() - this.claimedAtMs >= CLAIM_EVERY_MS) {
      this.claimedAtMs = Date.now();
      await this.take((await streams.claimIdle({ ...group, minIdleMs: claimThresholdMs })).entries);
    }
    await this.take(
      await streams.readGroup({ ...group, blockMs: READ_BLOCK_MS, signal: this.stopping.signal }),
    );
    return 0;
  }

  private async take(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { store, streams, stream, metrics } = this.options;
    const deliveries = await this.deliveriesOf(entries.flatMap((entry) => this.parsed(entry)));
    if (deliveries.length > 0) await store.settle(await this.sender.send(deliveries), false);
    for (const { id } of entries) metrics.seconds.observe(Math.max(0, Date.now() - addedAtMs(id)) / 1000);
    await streams.ackGroup(
      stream,
      WEB_PUSH_GROUP,
      entries.map(({ id }) => id),
    );
  }

  /** Of one that is malformed the WebSockets' feed tells. */
  private parsed(entry: StreamEntry): ClientEvent[] {
    const parsed = parseClientEvent(entry);
    if (parsed.kind === 'event') return isExpired(parsed.event, Date.now()) ? [] : [parsed.event];
    return [];
  }

  private async deliveriesOf(events: readonly ClientEvent[]): Promise<Delivery[]> {
    const { store, ttlMs } = this.options;
    // The same event twice in a batch is one published again.
    const once = [...new Map(events.map((event) => [event.eventId, event])).values()];
    const subscriptions = await store.ofUsers([...new Set(once.map(({ userId }) => userId))]);
    const nowMs = Date.now();
    return once.flatMap((event) => {
      const message = pushMessageOf(event, ttlMs, nowMs);
      return subscriptions
        .filter(
          ({ userId, deviceSessionId }) =>
            userId === event.userId &&
            (event.deviceSessionId === undefined || event.deviceSessionId === deviceSessionId),
        )
        .map((subscription) => ({ subscription, message, attempts: 1 }));
    });
  }

  private async retryDue(): Promise<number> {
    const { store } = this.options;
    const due = await store.claimDue(RETRY_BATCH, RETRY_LEASE_MS);
    if (due.length > 0) await store.settle(await this.sender.send(due), true);
    return due.length === RETRY_BATCH ? 0 : RETRY_POLL_MS * (0.75 + Math.random() / 2);
  }
}
