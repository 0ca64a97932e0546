import { compareEntryIds, STREAM_START, type Fields, type StreamEntry } from '../entries';

export interface PendingEntry {
  consumer: string;
  deliveredAtMs: number;
  deliveries: number;
}

/** A consumer group: how far it has read, and what it has read and not acknowledged. */
export class MemoryGroup {
  lastDeliveredId = STREAM_START;
  readonly pending = new Map<string, PendingEntry>();

  /** @param passed entries that were gone from the stream when the group was made. */
  constructor(passed: number) {
    this.entriesRead = passed;
  }
  entriesRead: number;

  get pendingIds(): string[] {
    return [...this.pending.keys()].sort(compareEntryIds);
  }

  deliver(id: string, consumer: string, nowMs: number): void {
    const deliveries = (this.pending.get(id)?.deliveries ?? 0) + 1;
    this.pending.set(id, { consumer, deliveredAtMs: nowMs, deliveries });
  }
}

/** One stream with its groups. Entries are kept in id order; ids follow the clock and never go back. */
export class MemoryStream {
  private entries: StreamEntry[] = [];
  private lastMs = 0;
  private lastSequence = 0;
  added = 0;
  readonly groups = new Map<string, MemoryGroup>();

  add(fields: Fields, nowMs: number): string {
    if (nowMs > this.lastMs) {
      this.lastMs = nowMs;
      this.lastSequence = 0;
    } else {
      this.lastSequence += 1;
    }
    const id = `${this.lastMs}-${this.lastSequence}`;
    const bytes = Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)] as const);
    this.entries.push({ id, fields: new Map(bytes) });
    this.added += 1;
    return id;
  }

  get length(): number {
    return this.entries.length;
  }

  get firstId(): string {
    return this.entries[0]?.id ?? STREAM_START;
  }

  get lastId(): string {
    return this.entries.at(-1)?.id ?? STREAM_START;
  }

  /** Outlives the entries. */
  get lastGeneratedId(): string {
    return `${this.lastMs}-${this.lastSequence}`;
  }

  find(id: string): StreamEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** The last entry before an id. */
  before(id: string): string | undefined {
    return this.entries.findLast((entry) => compareEntryIds(entry.id, id) < 0)?.id;
  }

  /** Entries behind an id, in order. */
  after(id: string, count = Number.POSITIVE_INFINITY): StreamEntry[] {
    const from = this.entries.findIndex((entry) => compareEntryIds(entry.id, id) > 0);
    return from < 0 ? [] : this.entries.slice(from, from + count);
  }

  select(matches: (entry: StreamEntry) => boolean, count: number): StreamEntry[] {
    return this.entries.filter(matches).slice(0, count);
  }

  /** Removes entries below an id and answers how many. */
  removeBelow(id: string): number {
    return this.remove((entry) => compareEntryIds(entry.id, id) < 0);
  }

  keepNewest(count: number): void {
    this.entries = count === 0 ? [] : this.entries.slice(-count);
  }

  remove(matches: (entry: StreamEntry) => boolean): number {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => !matches(entry));
    return before - this.entries.length;
  }

  /** From the stream's beginning. */
  group(name: string): MemoryGroup {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = new MemoryGroup(this.added - this.entries.length);
      this.groups.set(name, group);
    }
    return group;
  }
}
