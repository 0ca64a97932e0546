import { compareEntryIds } from '@app/common/streams';
import { type ClientEvent, sizeOf } from './client-event';

export interface RecentLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Where an event id stood when it was first seen. */
export interface FirstSight {
  readonly cursor: string;
  /** Before which restart: of entries that were read anew the same cursor may mean another one. */
  readonly generation: number;
}

/** Event ids are remembered for longer than the events: they are small. */
const IDS_PER_EVENT = 5;
const LEAST_IDS = 10_000;

/**
 * The newest events of all users in memory, and at which entry each event id was seen first. Bounded in number and
 * bytes; what is too old for it is read from the stream.
 */
export class RecentEvents {
  private events: ClientEvent[] = [];
  /** Events before it are gone already. */
  private head = 0;
  private bytes = 0;
  private readonly byUser = new Map<string, ClientEvent[]>();
  private readonly firstSeen = new Map<string, FirstSight>();
  private start: string;
  private restarts = 0;

  constructor(
    private readonly limits: RecentLimits,
    start: string,
  ) {
    this.start = start;
  }

  /** True when every event behind the cursor that the feed has read is here. */
  covers(cursor: string): boolean {
    return compareEntryIds(cursor, this.start) >= 0;
  }

  get coversFrom(): string {
    return this.start;
  }

  /** Rises with each restart. */
  get generation(): number {
    return this.restarts;
  }

  get length(): number {
    return this.events.length - this.head;
  }

  /** Forgets the events, though not where their ids were seen. */
  restart(start: string): void {
    this.events = [];
    this.head = 0;
    this.bytes = 0;
    this.byUser.clear();
    this.start = start;
    this.restarts += 1;
  }

  append(event: ClientEvent): void {
    this.remember(event);
    this.events.push(event);
    this.bytes += sizeOf(event);
    const ofUser = this.byUser.get(event.userId);
    if (ofUser === undefined) this.byUser.set(event.userId, [event]);
    else ofUser.push(event);
    while (this.length > this.limits.maxEvents || (this.bytes > this.limits.maxBytes && this.length > 0))
      this.forgetOldest();
  }

  /** In the order of the stream. */
  ofUserAfter(userId: string, cursor: string): readonly ClientEvent[] {
    const events = this.byUser.get(userId) ?? [];
    const from = events.findIndex((event) => compareEntryIds(event.cursor, cursor) > 0);
    return from < 0 ? [] : events.slice(from);
  }

  /** Where the event was published first, as far as that is remembered. */
  firstSightOf(eventId: string): FirstSight | undefined {
    return this.firstSeen.get(eventId);
  }

  private remember({ eventId, cursor }: ClientEvent): void {
    if (this.firstSeen.has(eventId)) return;
    this.firstSeen.set(eventId, { cursor, generation: this.restarts });
    const bound = Math.max(LEAST_IDS, this.limits.maxEvents * IDS_PER_EVENT);
    if (this.firstSeen.size <= bound) return;
    const [oldest] = this.firstSeen.keys();
    if (oldest !== undefined) this.firstSeen.delete(oldest);
  }

  private forgetOldest(): void {
    const oldest = this.events[this.head];
    if (oldest === undefined) return;
    this.head += 1;
    this.bytes -= sizeOf(oldest);
    this.start = oldest.cursor;
    const ofUser = this.byUser.get(oldest.userId);
    ofUser?.shift();
    if (ofUser?.length === 0) this.byUser.delete(oldest.userId);
    // One copy for as many events as are kept, so that a forgotten event costs the same however many there are.
    if (this.head > this.length) {
      this.events = this.events.slice(this.head);
      this.head = 0;
    }
  }
}
