import { randomUUID } from 'node:crypto';
import { type OutboxPosition, type OutboxTopic } from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import { fault, type Logger } from '@app/common/observability';
import { type PublishedMark, type PublishRetriedRequest, type RetriedMessages } from '@app/common/streams';
import { type Entry } from './entry';
import { ClaimedLines, type RetryLimits } from './lines';
import { type RetryMetrics } from './retry.metrics';
import { type RetryRow, type SettledRow } from './retry-row';
import { type RetryTable } from './retry-table';

/** A part under its lease, as this lane sees it. All calls of both lanes on it come one after the other. */
export interface RetriedPart {
  readonly part: number;
  /** Everything of the part up to here is in its stream, or here, or of a topic on hold. */
  readonly upTo: OutboxPosition;
  /** Topics that nothing is published to now. */
  readonly held: readonly string[];
  /** The keys of the part that are parked, whole. */
  parked(keys: readonly string[]): void;
  /** @throws OdographError LEASE_LOST, OUTBOX_CURSOR_AHEAD, and what the port throws. */
  publishRetried(
    topic: OutboxTopic,
    messages: PublishRetriedRequest['messages'],
  ): Promise<Exclude<RetriedMessages, { kind: 'fenced' }>>;
  /** Writes under the lease, together with what the streams have acknowledged. @throws OdographError LEASE_LOST */
  settle<Result>(write: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** A stream holds less than it had acknowledged: goes back to what it does hold. */
  goBack(topic: OutboxTopic, stored: PublishedMark): Promise<void>;
}

export interface RetryLaneOptions extends RetryLimits {
  readonly table: Pick<RetryTable, 'waiting' | 'claim' | 'settle'>;
  /** Longest time between two looks. */
  readonly pollMs: number;
  /** How long a claimed row is nobody else's. */
  readonly leaseTimeMs: number;
  /** Most rows of one claim. */
  readonly batch: number;
  readonly metrics: RetryMetrics;
  readonly logger: Logger;
}

/** What is due in a part. */
export interface DuePart<Part extends RetriedPart = RetriedPart> {
  readonly part: Part;
  readonly keys: readonly string[];
}

/** What one turn with a part did. */
export interface RetriedTurn {
  readonly claimed: number;
  /** The cursor went back: nothing more may be done with what is known of the part. */
  readonly rewound: boolean;
}

/**
 * Publishes what could not go out at once, timers and replays. It looks for all parts of its drain lane in one
 * statement: at each polling interval, when the next row falls due, and at once after it had something to do.
 */
export class RetryLane {
  private nextLookAtMs = 0;

  constructor(private readonly options: RetryLaneOptions) {}

  /** Milliseconds to the next look; 0 when it is time. */
  get restMs(): number {
    return Math.max(0, this.nextLookAtMs - performance.now());
  }

  /** There may be something to do so soon: a part was taken over, a message was parked. */
  lookWithin(waitMs: number): void {
    this.nextLookAtMs = Math.min(this.nextLookAtMs, performance.now() + waitMs);
  }

  /** Which of the parts have something due; tells all of them which of their keys are parked. */
  async look<Part extends RetriedPart>(parts: readonly Part[]): Promise<DuePart<Part>[]> {
    const { table, pollMs, leaseTimeMs, batch } = this.options;
    this.nextLookAtMs = performance.now() + pollMs;
    const waiting = await table.waiting(
      parts.map(({ part }) => part),
      leaseTimeMs,
    );
    const due: DuePart<Part>[] = [];
    for (const part of parts) {
      const heads = waiting.filter((head) => head.part === part.part);
      part.parked(heads.flatMap(({ key }) => key ?? []));
      const dueHeads = heads.filter(({ waitMs }) => waitMs !== undefined && waitMs <= 0);
      if (dueHeads.length === 0) continue;
      // Longest due first, so that none starves behind the others.
      const inTurn = dueHeads.sort((a, b) => (a.waitMs ?? 0) - (b.waitMs ?? 0));
      due.push({ part, keys: inTurn.flatMap(({ key }) => key ?? []).slice(0, batch) });
    }
    for (const { waitMs = 0 } of waiting) if (waitMs > 0) this.lookWithin(waitMs);
    return due;
  }

  /**
   * Claims what is due of a part, publishes it, and writes what became of it in one transaction.
   *
   * @throws what the port and the database throw; what was not tried then is free again, and its claim not counted.
   */
  async turn({ part, keys }: DuePart): Promise<RetriedTurn> {
    const { table, leaseTimeMs, batch } = this.options;
    const token = randomUUID();
    fault('retry.before-claim');
    const rows = await table.claim({
      ...{ part: part.part, keys, upTo: part.upTo, held: part.held, token, leaseTimeMs, limit: batch },
    });
    if (rows.length === 0) return { claimed: 0, rewound: false };
    fault('retry.after-claim');
    const lines = new ClaimedLines(rows, this.options);
    const behind = await this.publish(part, token, lines);
    if (behind !== undefined) await part.goBack(...behind);
    this.lookWithin(0);
    return { claimed: rows.length, rewound: behind !== undefined };
  }

  private async publish(
    part: RetriedPart,
    token: string,
    lines: ClaimedLines,
  ): Promise<readonly [OutboxTopic, PublishedMark] | undefined> {
    let behind: readonly [OutboxTopic, PublishedMark] | undefined;
    try {
      behind = await publishLines(part, lines);
    } catch (error) {
      // What is in its stream counts all the same, and the rest must not wait for its lease to run out.
      await this.settle(part, token, lines.settled());
      throw error;
    }
    await this.settle(part, token, lines.settled());
    return behind;
  }

  private async settle(part: RetriedPart, token: string, settled: readonly SettledRow[]): Promise<void> {
    const written = await part.settle(async (transaction) => {
      const ids = await this.options.table.settle(transaction, token, settled);
      fault('retry.before-settle-commit');
      return ids;
    });
    fault('retry.after-settle');
    this.count(
      part.part,
      settled.filter(({ row }) => written.has(row.id)),
    );
    const lost = settled.filter(({ row }) => !written.has(row.id));
    if (lost.length === 0) return;
    this.options.metrics.leaseLost.inc(lost.length);
    this.options.logger.warn({
      ...{ event: 'retry_lease_lost', part: part.part, rows: lost.map(({ row }) => row.id.toString()) },
    });
  }

  private count(part: number, settled: readonly SettledRow[]): void {
    const { metrics, logger } = this.options;
    for (const { row, outcome } of settled) {
      const { topic, kind, id, deliveries } = row;
      const line = { part, row: id.toString(), kind, topic, eventId: row.eventId, deliveries };
      if (outcome.kind === 'published') {
        metrics.retried.inc({ topic, result: 'published' });
      } else if (outcome.kind === 'refused') {
        metrics.retried.inc({ topic, result: 'refused' });
        logger.warn({ event: 'retry_refused', ...line, ...outcome });
      } else if (outcome.kind === 'givenUp') {
        metrics.deadLetters.inc({ reason: outcome.reason });
        logger.error({ event: 'retry_given_up', ...line, ...outcome });
      }
    }
  }
}

/** Publishes as long as there is something to try; answers with the stream that holds less than it had acknowledged. */
async function publishLines(
  part: RetriedPart,
  lines: ClaimedLines,
): Promise<readonly [OutboxTopic, PublishedMark] | undefined> {
  for (;;) {
    const call = lines.nextCall();
    const [first] = call;
    if (first === undefined) return undefined;
    fault('retry.before-publish');
    const answer = await part.publishRetried(first.topic, messagesOf(call));
    fault('retry.after-publish');
    if (answer.kind === 'behind') return [first.topic, answer];
    const index = answer.kind === 'refused' ? answer.index : call.length;
    lines.published(call.slice(0, index));
    const refused = call[index];
    if (answer.kind === 'refused' && refused !== undefined) lines.refused(refused.message, answer.message);
  }
}

function messagesOf(call: readonly Entry<RetryRow>[]): PublishRetriedRequest['messages'] {
  return call.map(({ message, fields }) => ({ dedupeId: message.dedupeId, fields }));
}
