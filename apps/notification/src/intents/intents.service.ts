import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { isDataError, isTransactionTooSlow } from '@app/common/database';
import { describeError } from '@app/common/errors';
import { Loop, type Service } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { STREAM_START, type StreamEntry, type Streams, textFields } from '@app/common/streams';
import { type RoutesService } from '../routes';
import { type Acceptance, type IntentEntry } from './acceptance';
import { parseIntent } from './intent';
import { type MalformedEntry } from './intent-store';
import { type IntakeWatch } from './intake-watch';
import { type IntentMetrics } from './intents.metrics';
import { type Resolver } from './resolver';
import { type StoreMarks } from './store-marks';

export interface IntakeOptions {
  readonly consumer: string;
  readonly batch: number;
  readonly claimThresholdMs: number;
  readonly claimIntervalMs: number;
  readonly keepMs: number;
}

export interface IntakeParts {
  readonly streams: Streams;
  readonly acceptance: Acceptance;
  readonly resolver: Pick<Resolver, 'wake'>;
  readonly routes: RoutesService;
  readonly marks: StoreMarks;
  readonly watch: Pick<IntakeWatch, 'measure'>;
  readonly metrics: IntentMetrics;
  readonly logger: Logger;
}

const READ_BLOCK_MS = 1000;

/**
 * Takes intents in: reads through the group, accepts a batch in one transaction, then acknowledges. What an instance
 * left behind is claimed by another after a while; accepting it twice changes nothing.
 */
export class IntentsService implements Service {
  readonly name = 'intents';
  readonly stage = 'work';
  private readonly stopping = new AbortController();
  private readonly reader: Loop;
  private readonly claimer: Loop;
  /** Read and not accepted yet: an outage must not pile up more of them, in another order. */
  private inHand: readonly IntentEntry[] = [];
  /** Read while the batch before it is accepted. */
  private ahead: Promise<readonly IntentEntry[]> | undefined;
  /** After an outage, and at first, the database may be one that was put back to an earlier time. */
  private isInDoubt = true;

  constructor(
    private readonly options: IntakeOptions,
    private readonly parts: IntakeParts,
  ) {
    const { logger } = parts;
    this.reader = new Loop({ name: 'intent reader', logger, round: () => this.read() });
    this.claimer = new Loop({ name: 'intent claimer', logger, round: () => this.claimAndTend() });
  }

  async start(): Promise<void> {
    await this.parts.streams.ensureGroup(NOTIFICATION_INTENTS, NOTIFICATION_GROUP);
    this.claimer.start();
    this.reader.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.reader.stop(), this.claimer.stop()]);
    await this.takeAhead();
  }

  snapshot(): Record<string, unknown> {
    return { inHand: this.inHand.length };
  }

  private async read(): Promise<number> {
    if (this.isInDoubt) await this.offerAgainIfBehind();
    if (this.inHand.length === 0) {
      const batch = this.ahead ?? this.readBatch();
      this.ahead = undefined;
      this.inHand = await batch;
    }
    if (this.inHand.length === this.options.batch) this.readAhead();
    await this.take(this.inHand);
    this.inHand = [];
    return 0;
  }

  private async readBatch(): Promise<readonly IntentEntry[]> {
    const entries = await this.parts.streams.readGroup({
      stream: NOTIFICATION_INTENTS,
      group: NOTIFICATION_GROUP,
      consumer: this.options.consumer,
      count: this.options.batch,
      blockMs: READ_BLOCK_MS,
      signal: this.stopping.signal,
    });
    return entries.map(parsedEntryOf);
  }

  /** A full batch has more behind it, which is read and parsed while the database works on this one. One batch and no more. */
  private readAhead(): void {
    if (this.ahead !== undefined || this.stopping.signal.aborted) return;
    this.ahead = this.readBatch();
    // Whoever takes it is told of its failure; until then it must not count as unhandled.
    this.ahead.catch(() => undefined);
  }

  /** What was read and not accepted yet would wait for another instance otherwise. */
  private async takeAhead(): Promise<void> {
    try {
      await this.take(this.inHand);
      await this.take((await this.ahead) ?? []);
    } catch (error) {
      this.parts.logger.warn({ event: 'intents_left', err: error });
    }
  }

  private async claimAndTend(): Promise<number> {
    const { streams, logger, watch } = this.parts;
    // Before the trimming: what a restored database lacks may be older than what is kept by then.
    await this.offerAgainIfBehind();
    const claimed = await streams.claimIdle({
      stream: NOTIFICATION_INTENTS,
      group: NOTIFICATION_GROUP,
      consumer: this.options.consumer,
      minIdleMs: this.options.claimThresholdMs,
      count: this.options.batch,
    });
    if (claimed.lostIds.length > 0) logger.error({ event: 'intents_lost', ids: claimed.lostIds });
    await this.take(claimed.entries.map(entryOf));
    // Who left so many has left more.
    if (claimed.entries.length === this.options.batch) return 0;
    const { unknownGroups } = await streams.trimOwned({
      stream: NOTIFICATION_INTENTS,
      groups: [NOTIFICATION_GROUP],
      keepMs: this.options.keepMs,
    });
    if (unknownGroups.length > 0) {
      logger.warn({ event: 'unknown_groups', stream: NOTIFICATION_INTENTS, groups: unknownGroups });
    }
    await watch.measure();
    return this.options.claimIntervalMs;
  }

  private async take(entries: readonly IntentEntry[]): Promise<void> {
    if (entries.length === 0) return;
    fault('intents.after-read');
    await this.offer(entries);
    fault('intents.before-ack');
    await this.parts.streams.ackGroup(
      NOTIFICATION_INTENTS,
      NOTIFICATION_GROUP,
      entries.map(({ id }) => id),
    );
    fault('intents.after-ack');
  }

  private async offer(entries: readonly IntentEntry[]): Promise<void> {
    try {
      const sampleId = await this.acceptOrSplit(entries);
      fault('intents.before-mark');
      await this.parts.marks.leave('accepted', sampleId);
    } catch (error) {
      this.isInDoubt = true;
      throw error;
    }
  }

  /** What was acknowledged and is still in the stream goes to a database that lost it once more; the rest it knows. */
  private async offerAgainIfBehind(): Promise<void> {
    const { streams, marks, logger } = this.parts;
    const reason = await marks.regression();
    if (reason !== undefined) {
      logger.error({ event: 'database_behind', code: 'DATABASE_BEHIND', reason });
      const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
      const upTo =
        info?.groups.find(({ name }) => name === NOTIFICATION_GROUP)?.lastDeliveredId ?? STREAM_START;
      let count = 0;
      for (let from = '-'; ;) {
        const entries = await streams.range(NOTIFICATION_INTENTS, from, upTo, this.options.batch);
        const last = entries.at(-1);
        if (last === undefined) break;
        await this.offer(entries.map(entryOf));
        count += entries.length;
        from = `(${last.id}`;
      }
      await marks.leave('offered_again', undefined);
      logger.warn({ event: 'intents_offered_again', count, upTo });
    }
    this.isInDoubt = false;
  }

  /**
   * A batch that the database refuses, or has not the time for, is halved until what is at fault stands alone. Resolves to
   * the id of one that has a record.
   */
  private async acceptOrSplit(entries: readonly IntentEntry[]): Promise<string | undefined> {
    const { acceptance, routes, resolver, metrics } = this.parts;
    try {
      const { accepted, waiting, duplicates, malformed, sampleId } = await acceptance.accept(entries);
      metrics.intents.inc({ result: 'accepted' }, accepted);
      metrics.intents.inc({ result: 'duplicate' }, duplicates);
      this.tellMalformed(malformed);
      if (accepted > waiting) routes.announce();
      if (waiting > 0) resolver.wake();
      return sampleId;
    } catch (error) {
      const isData = isDataError(error);
      if (!isData && !(isTransactionTooSlow(error) && entries.length > 1)) throw error;
      const [first, ...rest] = entries;
      if (first === undefined) return undefined;
      if (rest.length === 0) {
        this.tellMalformed([await acceptance.reject(first, describeError(error))]);
        return undefined;
      }
      const middle = Math.ceil(entries.length / 2);
      const before = await this.acceptOrSplit(entries.slice(0, middle));
      const after = await this.acceptOrSplit(entries.slice(middle));
      return after ?? before;
    }
  }

  private tellMalformed(malformed: readonly MalformedEntry[]): void {
    const { metrics, logger } = this.parts;
    metrics.intents.inc({ result: 'malformed' }, malformed.length);
    for (const { entryId, code, message, fields } of malformed) {
      metrics.malformed.inc({ code });
      logger.warn({
        ...{ event: 'intent_malformed', entryId, code, message },
        ...{ notificationType: fields['notification_type'], producer: fields['producer'] },
        ...{
          audienceKind: fields['audience_kind'],
          requestId: fields['request_id'],
          traceId: fields['trace_id'],
        },
      });
    }
  }
}

const entryOf = (entry: StreamEntry): IntentEntry => ({ id: entry.id, fields: textFields(entry) });

function parsedEntryOf(entry: StreamEntry): IntentEntry {
  const fields = textFields(entry);
  return { id: entry.id, fields, parsed: parseIntent(fields) };
}
