import { checkFields, flatFields } from '../arguments';
import { type Fields, type FieldValue } from '../entries';
import { type AppendSeries, type AppendWaiter, type SeriesAppender, type StreamAppender } from '../port';
import { type WriteLines } from './lines';
import { type RedisNodes } from './nodes';
import { streamError } from './stream-error';
import { type EntryPrefix, TransactionBuffer } from './transaction-buffer';
import { type LineResult } from './write-line';

/** Entries of one transaction: bounds how long Redis serves nobody else. */
const LARGEST_WRITE = 500;

interface IdWaiter {
  appended(id: string): void;
  refused(error: unknown, lastValue: Buffer): void;
}

/** A transaction that is being written, and who waits for its entries, in their order. */
class Batch {
  readonly transaction = new TransactionBuffer();
  readonly waiters: IdWaiter[] = [];

  begin(): this {
    this.transaction.begin();
    this.waiters.length = 0;
    return this;
  }

  refuse(index: number, error: unknown): void {
    this.waiters[index]?.refused(error, this.transaction.lastValue(index));
  }
}

/** Batches that go out one behind the other, to one server. */
interface Lane {
  readonly name: string;
  /** Any stream of the lane. */
  readonly stream: string;
  /** The last of them is still being filled. */
  readonly queue: Batch[];
  inFlight: number;
  scheduled: boolean;
  /** A turn's batch is complete and waits for one under way to be answered. */
  isHeldBack: boolean;
  /** A series writes to it: it stays also when it is empty. */
  isPinned: boolean;
}

/**
 * Appends of one turn of the event loop go out as one MULTI, in a cluster as one for each stream: with `appendfsync
 * always` Redis syncs once for it, where it would sync again and again for the same entries sent as single commands. An
 * entry is encoded when it is appended, so that nothing of it but its bytes lives until the answer.
 */
export class RedisAppender implements StreamAppender, SeriesAppender {
  private readonly lanes = new Map<string, Lane>();
  private readonly spare: Batch[] = [];

  constructor(
    private readonly lines: WriteLines,
    private readonly nodes: Pick<RedisNodes, 'run'>,
  ) {}

  append(stream: string, fields: Fields): Promise<string> {
    return new Promise((appended, refused) => {
      checkFields(fields);
      const batch = this.openBatch(this.laneOf(stream));
      batch.transaction.add(stream, fields);
      batch.waiters.push({ appended, refused });
    });
  }

  series(stream: string, shared: Fields, names: readonly string[]): AppendSeries {
    const prefix = TransactionBuffer.prefix(stream, shared, names);
    const lane = this.laneOf(stream);
    lane.isPinned = true;
    return { append: (values, waiter) => this.appendTo(lane, prefix, values, waiter) };
  }

  async broadcast(stream: string, entries: readonly Fields[], keepAbout: number): Promise<void> {
    entries.forEach(checkFields);
    for (let first = 0; first < entries.length; first += LARGEST_WRITE) {
      await this.nodes.run(stream, async (redis) => {
        // A transaction, so that a node that is not the right one refuses it as a whole.
        const write = redis.multi();
        for (const fields of entries.slice(first, first + LARGEST_WRITE)) {
          write.xadd(stream, 'MAXLEN', '~', keepAbout, '*', ...flatFields(fields));
        }
        const results = (await write.exec()) ?? [];
        const failed = results.find(([error]) => error !== null);
        if (failed) throw streamError(failed[0]);
      });
    }
  }

  get depth(): number {
    const batches = [...this.lanes.values()].flatMap(({ queue }) => queue);
    return batches.reduce((sum, { waiters }) => sum + waiters.length, 0);
  }

  private appendTo(
    lane: Lane,
    prefix: EntryPrefix,
    values: readonly FieldValue[],
    waiter: AppendWaiter,
  ): void {
    const batch = this.openBatch(lane);
    batch.transaction.addTo(prefix, values);
    batch.waiters.push(waiter);
  }

  private laneOf(stream: string): Lane {
    const name = this.lines.laneOf(stream);
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const lane: Lane = {
      name,
      stream,
      queue: [],
      inFlight: 0,
      scheduled: false,
      isHeldBack: false,
      isPinned: false,
    };
    this.lanes.set(name, lane);
    return lane;
  }

  private openBatch(lane: Lane): Batch {
    this.schedule(lane);
    const last = lane.queue.at(-1);
    if (last !== undefined && last.waiters.length < LARGEST_WRITE) return last;
    const batch = (this.spare.pop() ?? new Batch()).begin();
    lane.queue.push(batch);
    return batch;
  }

  private schedule(lane: Lane): void {
    if (lane.scheduled) return;
    lane.scheduled = true;
    setImmediate(this.flush, lane);
  }

  private readonly flush = (lane: Lane): void => {
    lane.scheduled = false;
    lane.isHeldBack = false;
    while (lane.inFlight < this.lines.mostInFlight) {
      const batch = lane.queue.shift();
      if (batch === undefined) return;
      void this.send(lane, batch);
    }
    lane.isHeldBack = lane.queue.length > 0;
  };

  private async send(lane: Lane, batch: Batch): Promise<void> {
    const { waiters } = batch;
    try {
      const results = await this.write(lane, batch);
      // Before hundreds of answers are passed on: the server has the next entries to write meanwhile.
      if (lane.isHeldBack) this.flush(lane);
      for (let i = 0; i < waiters.length; i += 1) {
        const result = results[i];
        if (typeof result === 'string') waiters[i]?.appended(result);
        else batch.refuse(i, streamError(result));
      }
      // Answered, so its bytes have left. One that stays unanswered may still be on its way out: it is not used again.
      this.spare.push(batch);
    } catch (error) {
      // Those behind wait for the same server: in an outage each of them would wait for the whole timeout again.
      for (const failed of [batch, ...lane.queue.splice(0)]) {
        failed.waiters.forEach((_, index) => failed.refuse(index, error));
      }
    } finally {
      if (lane.queue.length > 0) this.schedule(lane);
      else if (!lane.isPinned && lane.inFlight === 0) this.lanes.delete(lane.name);
    }
  }

  private async write(lane: Lane, { transaction }: Batch): Promise<readonly LineResult[]> {
    lane.inFlight += 1;
    try {
      return await this.lines.write(lane.stream, transaction);
    } finally {
      lane.inFlight -= 1;
    }
  }
}
