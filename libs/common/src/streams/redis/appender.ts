import { checkFields, flatFields } from '../arguments';
import { type Fields, type FieldValue } from '../entries';
import { type AppendSeries, type AppendWaiter, type SeriesAppender, type StreamAppender } from '../port';
import { type RedisConnection } from './connection';
import { streamError } from './stream-error';
import { type EntryPrefix, TransactionBuffer } from './transaction-buffer';
import { type WriteLine } from './write-line';

/** Entries of one transaction: bounds how long Redis serves nobody else. */
const LARGEST_WRITE = 500;
/** Two hide each other's round trip; more only divide the same entries over more fsyncs. */
const MOST_IN_FLIGHT = 2;

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

/**
 * Appends of one turn of the event loop go out as one MULTI: with `appendfsync always` Redis syncs once for it, where
 * it would sync again and again for the same entries sent as single commands. An entry is encoded when it is appended,
 * so that nothing of it but its bytes lives until the answer.
 */
export class RedisAppender implements StreamAppender, SeriesAppender {
  /** The last of them is still being filled. */
  private readonly queue: Batch[] = [];
  private readonly spare: Batch[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(
    private readonly line: WriteLine,
    private readonly connection: RedisConnection,
  ) {}

  append(stream: string, fields: Fields): Promise<string> {
    return new Promise((appended, refused) => {
      checkFields(fields);
      const batch = this.openBatch();
      batch.transaction.add(stream, fields);
      batch.waiters.push({ appended, refused });
    });
  }

  series(stream: string, shared: Fields, names: readonly string[]): AppendSeries {
    const prefix = TransactionBuffer.prefix(stream, shared, names);
    return { append: (values, waiter) => this.appendTo(prefix, values, waiter) };
  }

  async broadcast(stream: string, entries: readonly Fields[], keepAbout: number): Promise<void> {
    entries.forEach(checkFields);
    for (let first = 0; first < entries.length; first += LARGEST_WRITE) {
      await this.connection.run(async (redis) => {
        const write = redis.pipeline();
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
    return this.queue.reduce((sum, { waiters }) => sum + waiters.length, 0);
  }

  private appendTo(prefix: EntryPrefix, values: readonly FieldValue[], waiter: AppendWaiter): void {
    const batch = this.openBatch();
    batch.transaction.addTo(prefix, values);
    batch.waiters.push(waiter);
  }

  private openBatch(): Batch {
    this.schedule();
    const last = this.queue.at(-1);
    if (last !== undefined && last.waiters.length < LARGEST_WRITE) return last;
    const batch = (this.spare.pop() ?? new Batch()).begin();
    this.queue.push(batch);
    return batch;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    while (this.inFlight < MOST_IN_FLIGHT) {
      const batch = this.queue.shift();
      if (batch === undefined) return;
      void this.send(batch);
    }
  };

  private async send(batch: Batch): Promise<void> {
    const { transaction, waiters } = batch;
    this.inFlight += 1;
    try {
      const results = await this.line.write(transaction);
      for (let i = 0; i < waiters.length; i += 1) {
        const result = results[i];
        if (typeof result === 'string') waiters[i]?.appended(result);
        else batch.refuse(i, streamError(result));
      }
      // Answered, so its bytes have left. One that stays unanswered may still be on its way out: it is not used again.
      this.spare.push(batch);
    } catch (error) {
      // Those behind wait for the same server: in an outage each of them would wait for the whole timeout again.
      for (const failed of [batch, ...this.queue.splice(0)]) {
        failed.waiters.forEach((_, index) => failed.refuse(index, error));
      }
    } finally {
      this.inFlight -= 1;
      if (this.queue.length > 0) this.schedule();
    }
  }
}
