import { compareEntryIds, STREAM_START } from '@app/common/streams';
import { type ClientEvent, isExpired } from './client-event';
import { type OutgoingQueue } from './outgoing-queue';
import { type RecentEvents } from './recent-events';

export interface SubscriberOptions {
  readonly userId: string;
  /** Events of other sessions of the user are not for this one. */
  readonly deviceSessionId: string | undefined;
  readonly queue: OutgoingQueue;
  /** What was seen before, by anybody's reading. */
  readonly recent: Pick<RecentEvents, 'firstSightOf' | 'generation'>;
  readonly onRepeated: () => void;
  readonly onExpired: () => void;
}

/** Event ids that one client is known to have got. */
const MAX_SENT_IDS = 500;

/**
 * One client's place in the stream: gets every entry of its user in the order of the stream and passes each event on
 * once, whichever way it comes (from memory, from a replay, live, or published again after Redis lost it).
 */
export class Subscriber {
  private readonly sent = new Set<string>();
  private position = STREAM_START;
  /** What lies at or before it the client has got already. */
  private since = STREAM_START;
  private sinceGeneration = 0;
  private closed = false;

  constructor(private readonly options: SubscriberOptions) {}

  get userId(): string {
    return this.options.userId;
  }

  get queue(): OutgoingQueue {
    return this.options.queue;
  }

  get cursor(): string {
    return this.position;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Begins behind an entry. @param seen Event ids that the client has got, wherever they may come again. */
  beginBehind(cursor: string, seen: readonly string[] = []): void {
    this.position = cursor;
    this.since = cursor;
    this.sinceGeneration = this.options.recent.generation;
    for (const eventId of seen) this.noteSent(eventId);
  }

  /** What lies at or before the cursor has been looked at. */
  advanceTo(cursor: string): void {
    if (compareEntryIds(cursor, this.position) > 0) this.position = cursor;
  }

  /** What lies behind the cursor may have come anew, under ids that were passed already. */
  fallBackTo(cursor: string): void {
    if (compareEntryIds(cursor, this.position) < 0) this.position = cursor;
  }

  take(event: ClientEvent): void {
    const { deviceSessionId, queue, onRepeated, onExpired } = this.options;
    if (this.closed || compareEntryIds(event.cursor, this.position) <= 0) return;
    this.position = event.cursor;
    if (event.deviceSessionId !== undefined && event.deviceSessionId !== deviceSessionId) return;
    if (this.hasGot(event.eventId)) return onRepeated();
    if (isExpired(event, Date.now())) return onExpired();
    this.noteSent(event.eventId);
    queue.push(event);
  }

  close(): void {
    this.closed = true;
    this.queue.close();
  }

  private hasGot(eventId: string): boolean {
    if (this.sent.has(eventId)) return true;
    const first = this.options.recent.firstSightOf(eventId);
    return (
      first !== undefined &&
      first.generation <= this.sinceGeneration &&
      compareEntryIds(first.cursor, this.since) <= 0
    );
  }

  private noteSent(eventId: string): void {
    this.sent.add(eventId);
    if (this.sent.size <= MAX_SENT_IDS) return;
    const [oldest] = this.sent;
    if (oldest !== undefined) this.sent.delete(oldest);
  }
}
