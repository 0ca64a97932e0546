import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { isDataError } from '@app/common/database';
import { describeError } from '@app/common/errors';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { type StreamEntry, type Streams, textFields } from '@app/common/streams';
import { type RoutesService } from '../routes';
import { type Acceptance, type IntentEntry } from './acceptance';
import { type IntentMetrics } from './intents.metrics';

export interface IntakeOptions {
  readonly consumer: string;
  readonly batch: number;
  readonly claimThresholdMs: number;
  readonly claimIntervalMs: number;
  readonly keepMs: number;
}

const READ_BLOCK_MS = 1000;

/**
 * Takes intents in: reads through the group, accepts a batch in one transaction, then acknowledges. What an instance
 * left behind is claimed by another after a while; accepting it twice changes nothing.
 */
export class IntentsService implements Service, HealthContributor {
  readonly name = 'intents';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly stopping = new AbortController();
  private readonly reader: Loop;
  private readonly claimer: Loop;

  constructor(
    private readonly options: IntakeOptions,
    private readonly streams: Streams,
    private readonly acceptance: Acceptance,
    private readonly routes: RoutesService,
    private readonly metrics: IntentMetrics,
    private readonly logger: Logger,
  ) {
    this.reader = new Loop({ name: 'intent reader', logger, round: () => this.read() });
    this.claimer = new Loop({ name: 'intent claimer', logger, round: () => this.claimAndTend() });
  }

  async start(): Promise<void> {
    await this.streams.ensureGroup(NOTIFICATION_INTENTS, NOTIFICATION_GROUP);
    this.claimer.start();
    this.reader.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.reader.stop(), this.claimer.stop()]);
  }

  async check(): Promise<HealthReport> {
    const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
    const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
    const trimmed = info?.unreadTrimmed ?? false;
    return {
      status: trimmed ? 'degraded' : 'up',
      details: { lag: group?.lag ?? 'unknown', pending: group?.pending ?? 0, unreadTrimmed: trimmed },
    };
  }

  private async read(): Promise<number> {
    const entries = await this.streams.readGroup({
      stream: NOTIFICATION_INTENTS,
      group: NOTIFICATION_GROUP,
      consumer: this.options.consumer,
      count: this.options.batch,
      blockMs: READ_BLOCK_MS,
      signal: this.stopping.signal,
    });
    await this.take(entries);
    return 0;
  }

  private async claimAndTend(): Promise<number> {
    const claimed = await this.streams.claimIdle({
      stream: NOTIFICATION_INTENTS,
      group: NOTIFICATION_GROUP,
      consumer: this.options.consumer,
      minIdleMs: this.options.claimThresholdMs,
      count: this.options.batch,
    });
    if (claimed.lostIds.length > 0) this.logger.error({ event: 'intents_lost', ids: claimed.lostIds });
    await this.take(claimed.entries);
    const trimmed = await this.streams.trimOwned({
      stream: NOTIFICATION_INTENTS,
      groups: [NOTIFICATION_GROUP],
      keepMs: this.options.keepMs,
    });
    if (trimmed.unknownGroups.length > 0) {
      this.logger.warn({
        event: 'unknown_groups',
        stream: NOTIFICATION_INTENTS,
        groups: trimmed.unknownGroups,
      });
    }
    await this.measure();
    return this.options.claimIntervalMs;
  }

  private async take(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    fault('intents.after-read');
    await this.acceptOrSplit(entries.map((entry) => ({ id: entry.id, fields: textFields(entry) })));
    fault('intents.before-ack');
    await this.streams.ackGroup(
      NOTIFICATION_INTENTS,
      NOTIFICATION_GROUP,
      entries.map(({ id }) => id),
    );
    this.routes.announce();
  }

  /** A batch that the database refuses is halved until the entry that it refuses stands alone. */
  private async acceptOrSplit(entries: readonly IntentEntry[]): Promise<void> {
    try {
      const { accepted, duplicates, malformed } = await this.acceptance.accept(entries);
      this.metrics.intents.inc({ result: 'accepted' }, accepted);
      this.metrics.intents.inc({ result: 'duplicate' }, duplicates);
      this.metrics.intents.inc({ result: 'malformed' }, malformed.length);
      for (const { entryId, code, message } of malformed) {
        this.logger.warn({ event: 'intent_malformed', entryId, code, message });
      }
    } catch (error) {
      if (!isDataError(error)) throw error;
      const [first, ...rest] = entries;
      if (first === undefined) return;
      if (rest.length === 0) {
        await this.acceptance.reject(first, describeError(error));
        this.metrics.intents.inc({ result: 'malformed' });
        this.logger.warn({ event: 'intent_rejected', entryId: first.id, err: error });
        return;
      }
      const middle = Math.ceil(entries.length / 2);
      await this.acceptOrSplit(entries.slice(0, middle));
      await this.acceptOrSplit(entries.slice(middle));
    }
  }

  private async measure(): Promise<void> {
    const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
    const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
    if (info === undefined || group === undefined || (group.lag === 0 && group.pending === 0)) {
      this.metrics.oldestAgeMs.set(0);
      return;
    }
    const [oldest] = await this.streams.range(NOTIFICATION_INTENTS, `(${group.lastDeliveredId}`, '+', 1);
    const waitingMs = oldest === undefined ? 0 : Date.now() - Number(oldest.id.split('-')[0]);
    this.metrics.oldestAgeMs.set(Math.max(waitingMs, group.oldestPendingMs ?? 0));
  }
}
