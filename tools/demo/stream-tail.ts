import { type StreamEntry, type StreamInspector } from '@app/common/streams';

const PAGE = 1000;

/** Follows a stream from an id on and keeps what it has seen, so that what is trimmed meanwhile stays known. */
export class StreamTail<T> {
  private readonly seen: T[] = [];
  private reading: Promise<readonly T[]> | undefined;

  constructor(
    private readonly streams: StreamInspector,
    private readonly stream: string,
    private lastId: string,
    private readonly parse: (entry: StreamEntry) => T,
  ) {}

  /** Everything up to now, oldest first. Calls at the same time share one reading. */
  read(): Promise<readonly T[]> {
    this.reading ??= this.readOn().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readOn(): Promise<readonly T[]> {
    for (;;) {
      const entries = await this.streams.range(this.stream, `(${this.lastId}`, '+', PAGE);
      for (const entry of entries) {
        this.seen.push(this.parse(entry));
        this.lastId = entry.id;
      }
      if (entries.length < PAGE) return this.seen;
    }
  }
}
