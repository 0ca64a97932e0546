import { OUTBOX_TOPICS, type OutboxTopic } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type StreamInspector } from '@app/common/streams';
import { isOutage } from './breaker';
import { type DrainMetrics } from './drain.metrics';
import listPaused from './sql/list-paused.sql';

const PAUSED = statement('drain.list-paused', listPaused);

export const HOLD_REASONS = ['paused', 'stream_length', 'redis_memory'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export interface HeldTopicsOptions {
  readonly database: Pick<Database, 'query'>;
  readonly streams: Pick<StreamInspector, 'info' | 'memory'>;
  /** Entries of a stream from which on nothing is added to it; 0 for any number. */
  readonly streamLimit: number;
  /** Part of Redis' memory limit in percent from which on nothing is added; 0 for no limit, as where Redis has none. */
  readonly memoryPercent: number;
  readonly pollMs: number;
  readonly metrics: Pick<DrainMetrics, 'heldTopics'>;
  readonly logger: Logger;
}

/** What was held for its size goes on a little below the limit, not at it: else it would go on and off with each entry. */
const RELEASE_AT = 0.9;

/** Topics that neither lane publishes to for now: paused by an operator, or because Redis has enough to carry. */
export class HeldTopics {
  readonly loop: Loop;
  private reasons: ReadonlyMap<OutboxTopic, readonly HoldReason[]> = new Map();
  private topics: ReadonlySet<OutboxTopic> = new Set();

  constructor(private readonly options: HeldTopicsOptions) {
    const { logger, pollMs } = options;
    this.loop = new Loop({ name: 'held topics', logger, round: () => this.refresh().then(() => pollMs) });
  }

  /** The same set as long as nothing changes. */
  get held(): ReadonlySet<OutboxTopic> {
    return this.topics;
  }

  /** Each held topic with why. */
  get why(): ReadonlyMap<OutboxTopic, readonly HoldReason[]> {
    return this.reasons;
  }

  async refresh(): Promise<void> {
    const paused = await this.options.database.query<{ topic: string }>(PAUSED);
    const sizes = await this.sizeReasons();
    const reasons = new Map<OutboxTopic, readonly HoldReason[]>();
    for (const topic of OUTBOX_TOPICS) {
      const own = [...(sizes.get(topic) ?? [])];
      if (paused.some((row) => row.topic === topic)) own.unshift('paused');
      if (own.length > 0) reasons.set(topic, own);
    }
    this.adopt(reasons);
  }

  private adopt(reasons: ReadonlyMap<OutboxTopic, readonly HoldReason[]>): void {
    const { metrics, logger } = this.options;
    for (const topic of OUTBOX_TOPICS) {
      const [before, after] = [this.reasons.get(topic) ?? [], reasons.get(topic) ?? []];
      for (const reason of HOLD_REASONS)
        metrics.heldTopics.set({ topic, reason }, after.includes(reason) ? 1 : 0);
      if (before.join() !== after.join())
        logger.warn({ event: 'outbox_topic_hold_changed', topic, reasons: after });
    }
    this.reasons = reasons;
    const topics = [...reasons.keys()];
    const isSame = topics.length === this.topics.size && topics.every((topic) => this.topics.has(topic));
    if (!isSame) this.topics = new Set(topics);
  }

  /** A Redis that does not answer changes nothing: the breaker is there for that. */
  private async sizeReasons(): Promise<ReadonlyMap<OutboxTopic, readonly HoldReason[]>> {
    try {
      const isFull = await this.isMemoryFull();
      const reasons = OUTBOX_TOPICS.map(async (topic): Promise<[OutboxTopic, HoldReason[]]> => {
        const isLong = await this.isLong(topic);
        return [
          topic,
          [...(isLong ? ['stream_length' as const] : []), ...(isFull ? ['redis_memory' as const] : [])],
        ];
      });
      return new Map(await Promise.all(reasons));
    } catch (error) {
      if (!isOutage(error)) throw error;
      return new Map(
        [...this.reasons].map(([topic, own]) => [topic, own.filter((reason) => reason !== 'paused')]),
      );
    }
  }

  private async isLong(topic: OutboxTopic): Promise<boolean> {
    const { streams, streamLimit } = this.options;
    if (streamLimit === 0) return false;
    const { length } = (await streams.info(topic, [])) ?? { length: 0 };
    const wasLong = this.reasons.get(topic)?.includes('stream_length') ?? false;
    return length >= streamLimit * (wasLong ? RELEASE_AT : 1);
  }

  private async isMemoryFull(): Promise<boolean> {
    const { streams, memoryPercent } = this.options;
    if (memoryPercent === 0) return false;
    const { usedBytes, maxBytes } = await streams.memory();
    if (maxBytes === 0) return false;
    const wasFull = [...this.reasons.values()].some((own) => own.includes('redis_memory'));
    return usedBytes >= ((maxBytes * memoryPercent) / 100) * (wasFull ? RELEASE_AT : 1);
  }
}
