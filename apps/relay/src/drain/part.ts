import {
  comparePositions,
  decodeMark,
  encodeMark,
  OUTBOX_START,
  OUTBOX_TOPICS,
  type OutboxPosition,
  type OutboxTopic,
} from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { fault } from '@app/common/observability';
import { type OncePublisher, type PublishedMark, type PublishedMessages } from '@app/common/streams';
import { type AcknowledgedMarks, type Cursor, type CursorTable, type OutboxMessage } from './cursor-table';
import { byTopic, type Entry, leadingEntries } from './entry';

export interface PartTools {
  readonly database: Pick<Database, 'transaction'>;
  readonly table: Pick<CursorTable, 'load' | 'read' | 'has' | 'move'>;
  readonly ownership: Pick<Ownership, 'protect'>;
  readonly streams: OncePublisher;
  /** Told that Redis held less than it had acknowledged, once the cursor stands at what it does hold. */
  readonly onRewind: (part: number, from: OutboxPosition, to: OutboxPosition) => void;
}

/** What one publishing step of a part did. */
export interface DrainedPart {
  /** What is in its stream now, and behind the cursor no more. */
  readonly published: readonly OutboxMessage[];
  readonly added: ReadonlyMap<OutboxTopic, number>;
  readonly skipped: ReadonlyMap<OutboxTopic, number>;
  /** True when Redis held less than it had acknowledged and the cursor went back. */
  readonly rewound: boolean;
}

const NOTHING_PUBLISHED: Omit<PublishedMark, 'epoch'> = { count: 0, mark: encodeMark(OUTBOX_START) };

/**
 * One owned part under one lease: its cursor and the marks that Redis confirmed. Made by {@link claim}, which fences
 * every target stream before the outbox is read; else a predecessor's call is still accepted on a stream that the new
 * owner has not touched yet, and a message goes out twice.
 */
export class Part {
  private constructor(
    private readonly tools: PartTools,
    readonly lease: Lease,
    private current: Cursor,
  ) {}

  get cursor(): Cursor {
    return this.current;
  }

  /**
   * Takes the part over on every target stream and compares what they hold with what the cursor saw acknowledged.
   *
   * @throws OdographError LEASE_LOST when a newer owner was there already, OUTBOX_CURSOR_AHEAD when Redis or the cursor
   * is ahead of the outbox, as after a restored database.
   */
  static async claim(tools: PartTools, lease: Lease, part: number): Promise<Part> {
    const claimed = new Map<OutboxTopic, PublishedMark>();
    for (const stream of OUTBOX_TOPICS) {
      const answer = await tools.streams.claimMark({ stream, part, epoch: lease.epoch });
      if (answer.kind === 'fenced') throw await fencedOff(tools, lease, stream, answer.epoch);
      claimed.set(stream, { epoch: lease.epoch, count: answer.count, mark: answer.mark });
      fault('drain.between-claims');
    }
    const [cursor] = await tools.table.load([part]);
    if (cursor === undefined)
      throw new OdographError('SCHEMA_MISMATCH', { detail: `outbox.cursor lacks part ${part}` });
    if (cursor.ahead)
      throw new OdographError('OUTBOX_CURSOR_AHEAD', { detail: `the cursor of part ${part}` });
    const owned = new Part(tools, lease, cursor);
    await owned.reconcile(claimed);
    return owned;
  }

  /**
   * Publishes messages that were read behind the cursor, then moves the cursor under the lease. A crash in between
   * repeats the step, and the marks make the repeat add nothing. The cursor stops in front of the first message that
   * cannot pass, and nothing behind it goes out in its stream; another stream may be further, which its mark knows.
   *
   * @throws OdographError LEASE_LOST; STREAM_REFUSED, OUTBOX_MESSAGE_INVALID where the very first message cannot pass;
   * the part stands where it was then, and the step is repeated.
   */
  async publish(messages: readonly OutboxMessage[]): Promise<DrainedPart> {
    const added = new Map<OutboxTopic, number>();
    const skipped = new Map<OutboxTopic, number>();
    const acknowledged = new Map(this.current.acknowledged);
    const entries = leadingEntries(messages);
    for (const [topic, group] of byTopic(entries)) {
      fault('drain.before-publish');
      const answer = await this.publishTo(topic, group);
      fault('drain.after-publish');
      if (answer.kind === 'behind') {
        await this.rewind(
          new Map([[topic, { epoch: this.lease.epoch, count: answer.count, mark: answer.mark }]]),
        );
        return { published: [], added, skipped, rewound: true };
      }
      if (answer.kind === 'refused') return this.publish(inFrontOf(group[answer.index], entries, answer));
      added.set(topic, answer.added);
      skipped.set(topic, answer.skipped);
      acknowledged.set(topic, { epoch: this.lease.epoch, count: answer.count, mark: answer.mark });
    }
    const published = entries.map(({ message }) => message);
    const last = published.at(-1);
    if (last !== undefined) await this.moveTo(last.position, acknowledged);
    return { published, added, skipped, rewound: false };
  }

  private async publishTo(
    stream: OutboxTopic,
    entries: readonly Entry[],
  ): Promise<Exclude<PublishedMessages, { kind: 'fenced' }>> {
    const answer = await this.tools.streams.publishMarked({
      stream,
      part: this.current.part,
      epoch: this.lease.epoch,
      acknowledged: this.current.acknowledged.get(stream) ?? {
        epoch: this.lease.epoch,
        ...NOTHING_PUBLISHED,
      },
      messages: entries.map(({ message, fields }) => ({ mark: message.mark, fields })),
    });
    if (answer.kind === 'fenced') throw await fencedOff(this.tools, this.lease, stream, answer.epoch);
    return answer;
  }

  /** At a take-over: goes back where Redis lost what it had acknowledged, refuses where it is ahead of the outbox. */
  private async reconcile(claimed: AcknowledgedMarks): Promise<void> {
    const lower = new Map<OutboxTopic, PublishedMark>();
    for (const [topic, stored] of claimed) {
      const seen = this.current.acknowledged.get(topic);
      if (seen !== undefined && (stored.mark < seen.mark || stored.count < seen.count))
        lower.set(topic, stored);
      else if (stored.mark > encodeMark(this.current.position))
        await this.refuseUnlessKept(topic, stored.mark);
    }
    if (lower.size > 0) await this.rewind(lower);
    else this.current = { ...this.current, acknowledged: claimed };
  }

  /** A crash between publishing and moving the cursor leaves the mark ahead of it, but always at a message. */
  private async refuseUnlessKept(topic: OutboxTopic, mark: string): Promise<void> {
    if (await this.tools.table.has(this.current.part, mark)) return;
    throw new OdographError('OUTBOX_CURSOR_AHEAD', {
      detail: `the mark of part ${this.current.part} on ${topic} names no message`,
    });
  }

  /** Moves the cursor back to the lowest of the given marks; the other streams skip what they already have. */
  private async rewind(lower: AcknowledgedMarks): Promise<void> {
    const from = this.current.position;
    let position = from;
    const acknowledged = new Map(this.current.acknowledged);
    for (const [topic, stored] of lower) {
      const mark = decodeMark(stored.mark);
      if (comparePositions(mark, position) < 0) position = mark;
      acknowledged.set(topic, stored);
    }
    await this.moveTo(position, acknowledged);
    this.tools.onRewind(this.current.part, from, position);
  }

  private async moveTo(position: OutboxPosition, acknowledged: AcknowledgedMarks): Promise<void> {
    const { database, ownership, table } = this.tools;
    const next: Cursor = { part: this.current.part, position, acknowledged };
    await database.transaction(async (transaction) => {
      await ownership.protect(transaction, [this.lease]);
      await table.move(transaction, next);
      fault('drain.before-cursor-commit');
    });
    this.current = next;
  }
}

/** What may still go out when a message is refused for what it is. @throws OdographError STREAM_REFUSED for none. */
function inFrontOf(
  refused: Entry | undefined,
  entries: readonly Entry[],
  { message: words }: { readonly message: string },
): OutboxMessage[] {
  const index = entries.findIndex((entry) => entry === refused);
  if (index > 0) return entries.slice(0, index).map(({ message }) => message);
  const detail = `${refused?.topic}, event ${refused?.message.eventId}: ${words}`;
  throw new OdographError('STREAM_REFUSED', { detail });
}

/**
 * Why a stream knows a newer epoch: somebody has taken the part over, or this database counts its epochs a second time.
 * The latter must not look like the former, or the part would change hands for ever and nobody would be told.
 *
 * @throws OdographError LEASE_LOST
 */
async function fencedOff(
  { database, ownership }: PartTools,
  lease: Lease,
  stream: string,
  epoch: bigint,
): Promise<OdographError> {
  await database.transaction((transaction) => ownership.protect(transaction, [lease]));
  const detail = `${stream} knows epoch ${epoch} of ${lease.name}, the database is at ${lease.epoch}`;
  return new OdographError('OUTBOX_CURSOR_AHEAD', { detail });
}
