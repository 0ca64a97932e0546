import { Slots } from '@app/common/lifecycle';
import { compareEntryIds, STREAM_START, type StreamEntry, type Streams } from '@app/common/streams';
import { parseClientEvent, userIdOf } from './client-event';
import { type EventFeed } from './event-feed';
import { type Subscriber } from './subscriber';

export type ReplayStreams = Pick<Streams, 'range' | 'ownedState' | 'findLost' | 'info'>;

export interface ReplayOptions {
  readonly stream: string;
  readonly streams: ReplayStreams;
  readonly feed: EventFeed;
  /** Entries of one read. Default 500. */
  readonly pageSize?: number;
  /** Reads under way at once, of all clients of this process. Default 8. */
  readonly concurrency?: number;
}

export interface ReplayListener {
  /** Entries behind the client's cursor are gone: it has to load anew what it shows, as of before `from`. */
  onReset(from: string): void;
}

const PAGE_SIZE = 500;
const CONCURRENCY = 8;

/**
 * Brings clients from where they left off to the live feed: from the stream, page by page and no faster than the client
 * reads, until what is missing is in memory; then from there and into the feed within one turn of the event loop, so that
 * nothing comes between.
 */
export class Replays {
  private readonly slots: Slots;
  private readonly pageSize: number;

  constructor(private readonly options: ReplayOptions) {
    this.slots = new Slots(options.concurrency ?? CONCURRENCY);
    this.pageSize = options.pageSize ?? PAGE_SIZE;
  }

  /** Resolves when the subscriber has joined the feed, or was closed. The subscriber stands behind what it has got. */
  async catchUp(subscriber: Subscriber, listener: ReplayListener): Promise<void> {
    await this.forgetWhatTheStoreLost(subscriber);
    while (!subscriber.isClosed) {
      await subscriber.queue.drained();
      if (this.joined(subscriber)) return;
      await this.readPage(subscriber, listener);
    }
  }

  /** A cursor above all that the store has handed out: what comes next may have a lower id, and is new all the same. */
  private async forgetWhatTheStoreLost(subscriber: Subscriber): Promise<void> {
    const { streams, stream } = this.options;
    const { lastId } = await streams.ownedState(stream);
    if (compareEntryIds(subscriber.cursor, lastId) > 0) subscriber.beginBehind(lastId);
  }

  /** From memory, all in one turn; false where that does not reach back far enough, or the client has enough for now. */
  private joined(subscriber: Subscriber): boolean {
    const { feed } = this.options;
    if (subscriber.isClosed || !feed.recent.covers(subscriber.cursor)) return false;
    for (const event of feed.recent.ofUserAfter(subscriber.userId, subscriber.cursor)) {
      if (subscriber.queue.isBlocked) return false;
      subscriber.take(event);
    }
    subscriber.advanceTo(feed.position);
    feed.join(subscriber);
    return true;
  }

  private async readPage(subscriber: Subscriber, listener: ReplayListener): Promise<void> {
    const { streams, stream, feed } = this.options;
    if (subscriber.isClosed || feed.recent.covers(subscriber.cursor)) return;
    const { generation } = feed;
    const { cursor } = subscriber;
    // With the entry of the cursor itself: while that is there, nothing behind it has been trimmed.
    const page = await this.slots.run(() => streams.range(stream, cursor, '+', this.pageSize + 1));
    const entries = page[0]?.id === cursor ? page.slice(1) : page;
    const isGap = entries.length === page.length && (await this.wasTrimmed(cursor));
    if (feed.generation !== generation || subscriber.cursor !== cursor) return;
    if (isGap) listener.onReset(entries[0]?.id ?? feed.recent.coversFrom);
    if (entries.length === 0) subscriber.advanceTo(feed.recent.coversFrom);
    takeWhileFree(subscriber, entries);
  }

  private async wasTrimmed(cursor: string): Promise<boolean> {
    if (cursor === STREAM_START) return false;
    const { streams, stream } = this.options;
    const { lastId } = await streams.ownedState(stream);
    if (compareEntryIds(cursor, lastId) >= 0) return false;
    const info = await streams.info(stream, []);
    if (info !== undefined && info.length > 0 && compareEntryIds(cursor, info.firstId) > 0) return false;
    return !(await streams.findLost(stream, [cursor])).has(cursor);
  }
}

/** Up to where the client has enough for now; the next page begins there. */
function takeWhileFree(subscriber: Subscriber, entries: readonly StreamEntry[]): void {
  for (const entry of entries) {
    if (subscriber.isClosed || subscriber.queue.isBlocked) return;
    if (userIdOf(entry) === subscriber.userId) takeEntry(subscriber, entry);
    subscriber.advanceTo(entry.id);
  }
}

/** Of one that is malformed the feed has told when it was new. */
function takeEntry(subscriber: Subscriber, entry: StreamEntry): void {
  const parsed = parseClientEvent(entry);
  if (parsed.kind === 'event') subscriber.take(parsed.event);
}
