import {
  comparePositions,
  decodeMark,
  encodeMark,
  OUTBOX_START,
  type OutboxPosition,
  type OutboxTopic,
} from '@app/common/contracts';
import { type Database, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { fault } from '@app/common/observability';
import {
  type OncePublisher,
  type PublishedMark,
  type PublishedMessages,
  type PublishRetriedRequest,
  type RetriedMessages,
} from '@app/common/streams';
import { type AcknowledgedMarks, type Cursor, type CursorTable, type OutboxMessage } from './cursor-table';
import {
  byTopic,
  type Entry,
  nextDelayMs,
  type RetriedPart,
  type RetryStrategy,
  type RetryTable,
} from '../retry';
import { Parking, type Parked } from './parking';
import { fencedOff, takeOver } from './take-over';

export interface PartTools {
  readonly database: Pick<Database, 'transaction'>;
  readonly table: Pick<CursorTable, 'load' | 'read' | 'has' | 'move'>;
  readonly ownership: Pick<Ownership, 'protect'>;
  readonly retries: Pick<RetryTable, 'waiting' | 'highestPlace' | 'places' | 'park' | 'reopen'>;
  readonly strategy: RetryStrategy;
  readonly streams: OncePublisher;
  /** How long the cursor in the database may stay behind what is out; 0 to move it with every step. */
  readonly saveEveryMs: number;
  /** Told that Redis held less than it had acknowledged, once the cursor stands at what it does hold. */
  readonly onRewind: (part: number, from: OutboxPosition, to: OutboxPosition) => void;
  /** Told of messages that wait in the retry lane now. */
  readonly onParked: (part: number, parked: readonly Parked[]) => void;
}

/** What one publishing step of a part did. */
export interface DrainedPart {
  /** Messages that are behind the cursor no more. */
  readonly passed: number;
  /** Those of them that are in their stream. */
  readonly published: readonly OutboxMessage[];
  readonly added: ReadonlyMap<OutboxTopic, number>;
  readonly skipped: ReadonlyMap<OutboxTopic, number>;
  /** True when Redis held less than it had acknowledged and the cursor went back. */
  readonly rewound: boolean;
}

const NOTHING_PUBLISHED: Omit<PublishedMark, 'epoch'> = { count: 0, mark: encodeMark(OUTBOX_START) };
/** What the retry lane published is remembered for longer than OUTBOX_KEEP can be (46 h), so that a rewind may repeat it. */
const RETRIED_WINDOW_MS = 48 * 3_600_000;

/** One owned part under one lease: its cursor and the marks that Redis confirmed. */
export class Part implements RetriedPart {
  readonly part: number;
  /** Where the cursor in the database stands. */
  private position: OutboxPosition;
  /** All up to here is out or parked as well. The cursor follows: each move leaves a dead version of its row behind. */
  private passed: OutboxPosition | undefined;
  private savedAtMs = performance.now();
  /** The newest answers of the streams; the cursor in the database may know older ones. */
  private acknowledged: AcknowledgedMarks;
  private heldTopics: ReadonlySet<string> = new Set();
  /** While topics are on hold: what lies between the cursor and this is of them, out, or parked. */
  private readOn: OutboxPosition | undefined;
  private readonly parking: Parking;

  private constructor(
    private readonly tools: PartTools,
    readonly lease: Lease,
    { part, position, acknowledged }: Cursor,
  ) {
    this.part = part;
    this.position = position;
    this.acknowledged = acknowledged;
    this.parking = new Parking(tools.retries, part);
  }

  get cursor(): Cursor {
    const { part, position, acknowledged } = this;
    return { part, position, acknowledged };
  }

  /** From where it is read on: behind what is out, or where it has come behind that while topics are on hold. */
  get upTo(): OutboxPosition {
    return this.readOn ?? this.done;
  }

  /** Until the cursor has to be saved: undefined where it is, 0 where it is high time. */
  get saveInMs(): number | undefined {
    if (this.passed === undefined) return undefined;
    return Math.max(0, this.savedAtMs + this.tools.saveEveryMs - performance.now());
  }

  /** @throws OdographError LEASE_LOST */
  async save(): Promise<void> {
    if (this.passed !== undefined) await this.moveTo(this.passed);
  }

  get held(): readonly string[] {
    return [...this.heldTopics];
  }

  /** Nothing is published to these from now on. Where they change, what was passed over is read again. */
  hold(topics: ReadonlySet<string>): void {
    if (topics === this.heldTopics) return;
    this.heldTopics = topics;
    this.readOn = undefined;
  }

  /** Made by a take-over only. @throws OdographError as {@link takeOver} */
  static async claim(tools: PartTools, lease: Lease, part: number): Promise<Part> {
    const { cursor, lower } = await takeOver(tools, lease, part);
    const owned = new Part(tools, lease, cursor);
    if (lower.size > 0) await owned.rewind(lower);
    // Behind the comparison, which may open rows again.
    await owned.parking.load();
    return owned;
  }

  /**
   * Publishes messages that were read behind the cursor, then lets the cursor follow under the lease, at once or a little
   * later. A crash in between repeats the steps, and the marks make the repeat add nothing. A message that cannot pass
   * moves to the retry lane with those behind it of its key, before anything else that is behind it goes out. In front of
   * the first message of a topic on hold the cursor stays; the other topics go on behind it.
   *
   * @throws OdographError LEASE_LOST; REDIS_UNREACHABLE and STREAM_REFUSED where a stream takes nothing at all: the part
   * stands where it was then, and the step is repeated.
   */
  async publish(messages: readonly OutboxMessage[]): Promise<DrainedPart> {
    const [added, skipped] = [new Map<OutboxTopic, number>(), new Map<OutboxTopic, number>()];
    const going = messages.filter(({ topic }) => !this.heldTopics.has(topic));
    const { entries, parked } = await this.parking.sift(going, this.acknowledged);
    await this.park(parked);
    const groups = byTopic(entries);
    for (const topic of groups.keys()) {
      for (let group = groups.get(topic); group?.length; group = groups.get(topic)) {
        fault('drain.before-publish');
        const answer = await this.publishTo(topic, group);
        fault('drain.after-publish');
        if (answer.kind === 'behind') {
          await this.goBack(topic, answer);
          return { passed: 0, published: [], added, skipped, rewound: true };
        }
        this.acknowledge(topic, answer);
        added.set(topic, (added.get(topic) ?? 0) + answer.added);
        skipped.set(topic, (skipped.get(topic) ?? 0) + answer.skipped);
        if (answer.kind === 'published') break;
        parked.push(...(await this.parkRefused(group, answer, groups)));
      }
    }
    await this.pass(messages);
    const away = new Set(parked.map(({ message }) => message));
    const published = entries.flatMap(({ message }) => (away.has(message) ? [] : [message]));
    return { passed: messages.length, published, added, skipped, rewound: false };
  }

  /** The keys that are parked now, as the retry lane found them. */
  parked(keys: readonly string[]): void {
    this.parking.replaceKeys(keys);
  }

  async publishRetried(
    stream: OutboxTopic,
    messages: PublishRetriedRequest['messages'],
  ): Promise<Exclude<RetriedMessages, { kind: 'fenced' }>> {
    const answer = await this.tools.streams.publishRetried({
      ...this.callOn(stream),
      windowMs: RETRIED_WINDOW_MS,
      messages,
    });
    if (answer.kind === 'fenced') throw await fencedOff(this.tools, this.lease, stream, answer.epoch);
    if (answer.kind !== 'behind') this.acknowledge(stream, answer);
    return answer;
  }

  /** Writes under the lease, together with what the streams have acknowledged. @throws OdographError LEASE_LOST */
  settle<Result>(write: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.write(this.done, write);
  }

  /** A stream holds less than it had acknowledged: the cursor goes back to what it does hold. */
  goBack(topic: OutboxTopic, { count, mark }: Omit<PublishedMark, 'epoch'>): Promise<void> {
    const stored: PublishedMark = { epoch: this.lease.epoch, count, mark };
    return this.rewind(new Map([[topic, stored]]));
  }

  /** The batch is done with: moves the cursor behind it, or to the first message that is on hold. */
  private async pass(messages: readonly OutboxMessage[]): Promise<void> {
    const last = messages.at(-1);
    if (last === undefined) return;
    const firstHeld = messages.findIndex(({ topic }) => this.heldTopics.has(topic));
    if (this.readOn === undefined && firstHeld < 0) {
      this.passed = last.position;
      if (this.saveInMs === 0) await this.save();
      return;
    }
    const inFront = this.readOn === undefined ? messages[firstHeld - 1]?.position : undefined;
    await this.moveTo(inFront ?? this.done);
    this.readOn = last.position;
  }

  private async publishTo(
    stream: OutboxTopic,
    entries: readonly Entry<OutboxMessage>[],
  ): Promise<Exclude<PublishedMessages, { kind: 'fenced' }>> {
    const answer = await this.tools.streams.publishMarked({
      ...this.callOn(stream),
      messages: entries.map(({ message, fields }) => ({ mark: message.mark, fields })),
    });
    if (answer.kind === 'fenced') throw await fencedOff(this.tools, this.lease, stream, answer.epoch);
    return answer;
  }

  private callOn(stream: OutboxTopic) {
    const { epoch } = this.lease;
    const acknowledged = this.acknowledged.get(stream) ?? { epoch, ...NOTHING_PUBLISHED };
    return { stream, part: this.part, epoch, acknowledged };
  }

  private acknowledge(topic: OutboxTopic, { count, mark }: Omit<PublishedMark, 'epoch'>): void {
    this.acknowledged = new Map(this.acknowledged).set(topic, { epoch: this.lease.epoch, count, mark });
  }

  /** What the stream named as refused, and what is behind it of its key. What is left of the batch stays in the groups. */
  private async parkRefused(
    group: readonly Entry<OutboxMessage>[],
    answer: Extract<PublishedMessages, { kind: 'refused' }>,
    groups: Map<OutboxTopic, Entry<OutboxMessage>[]>,
  ): Promise<Parked[]> {
    const refused = group[answer.index];
    if (refused === undefined) throw new OdographError('STREAM_REFUSED', { detail: answer.message });
    const waitMs = nextDelayMs(this.tools.strategy, { attempts: 1, triedForMs: 0 }) ?? 0;
    groups.set(refused.topic, group.slice(answer.index));
    const failure = { waitMs, error: answer.message };
    const parked = this.parking.takeRefused(refused, failure, groups, this.acknowledged);
    await this.park(parked);
    return parked;
  }

  private async park(parked: readonly Parked[]): Promise<void> {
    if (parked.length === 0) return;
    const { database, ownership, retries, onParked } = this.tools;
    await database.transaction(async (transaction) => {
      await ownership.protect(transaction, [this.lease]);
      await retries.park(transaction, this.part, parked);
      fault('drain.before-park-commit');
    });
    fault('drain.after-park');
    onParked(this.part, parked);
  }

  /**
   * Moves the cursor back to the lowest of the given marks; the other streams skip what they already have. What the
   * retry lane published to these streams lies behind no mark, so it is opened again; what they kept of it they know.
   */
  private async rewind(lower: AcknowledgedMarks): Promise<void> {
    const from = this.done;
    let position = from;
    for (const { mark } of lower.values()) {
      const stored = decodeMark(mark);
      if (comparePositions(stored, position) < 0) position = stored;
    }
    this.acknowledged = new Map([...this.acknowledged, ...lower]);
    this.readOn = undefined;
    await this.write(position, (transaction) =>
      this.tools.retries.reopen(transaction, this.part, [...lower.keys()]),
    );
    this.tools.onRewind(this.part, from, position);
  }

  private get done(): OutboxPosition {
    return this.passed ?? this.position;
  }

  private moveTo(position: OutboxPosition): Promise<void> {
    return this.write(position, () => Promise.resolve());
  }

  /** Writes under the lease and moves the cursor with it. */
  private async write<Result>(
    position: OutboxPosition,
    alongside: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const { database, ownership, table } = this.tools;
    const result = await database.transaction(async (transaction) => {
      await ownership.protect(transaction, [this.lease]);
      const written = await alongside(transaction);
      await table.move(transaction, { ...this.cursor, position });
      fault('drain.before-cursor-commit');
      return written;
    });
    this.position = position;
    this.passed = undefined;
    this.savedAtMs = performance.now();
    return result;
  }
}
