import { checkFields, flatFields } from '../arguments';
import { type Fields } from '../entries';
import { type StreamAppender } from '../port';
import { type RedisConnection } from './connection';
import { streamError } from './stream-error';
import { type LineEntry, type WriteLine } from './write-line';

/** Entries of one transaction: bounds how long Redis serves nobody else. */
const LARGEST_WRITE = 500;
/** Two hide each other's round trip; more only divide the same entries over more fsyncs. */
const MOST_IN_FLIGHT = 2;

interface Waiting extends LineEntry {
  readonly resolve: (id: string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends of one turn of the event loop go out as one MULTI: with `appendfsync always` Redis syncs once for it, where
 * it would sync again and again for the same entries sent as single commands.
 */
export class RedisAppender implements StreamAppender {
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(
    private readonly line: WriteLine,
    private readonly connection: RedisConnection,
  ) {}

  append(stream: string, fields: Fields): Promise<string> {
    return new Promise((resolve, reject) => {
      checkFields(fields);
      this.waiting.push({ stream, fields, resolve, reject });
      this.schedule();
    });
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
    return this.waiting.length;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.waiting.length > 0 && this.inFlight < MOST_IN_FLIGHT) {
        void this.send(this.waiting.splice(0, LARGEST_WRITE));
      }
    });
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    this.inFlight += 1;
    try {
      const results = await this.line.write(batch);
      for (let i = 0; i < batch.length; i += 1) {
        const result = results[i];
        if (typeof result === 'string') batch[i]?.resolve(result);
        else batch[i]?.reject(streamError(result));
      }
    } catch (error) {
      // Those behind wait for the same server: in an outage each of them would wait for the whole timeout again.
      for (const entry of [...batch, ...this.waiting.splice(0)]) entry.reject(error);
    } finally {
      this.inFlight -= 1;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}
