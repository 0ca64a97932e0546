import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import {
  addedAtMs,
  compareEntryIds,
  STREAM_START,
  type StreamEntry,
  type Streams,
} from '@app/common/streams';
import { type ClientEvent, parseClientEvent } from './client-event';
import { RecentEvents, type RecentLimits } from './recent-events';
import { type Subscriber } from './subscriber';

export type FeedStreams = Pick<Streams, 'waitForEntries' | 'range' | 'ownedState' | 'boot'>;

export interface EventFeedOptions {
  readonly stream: string;
  readonly streams: FeedStreams;
  readonly recent: RecentLimits;
  readonly logger: Logger;
  /** An entry that is none of the contract's. */
  readonly onMalformed?: () => void;
}

const PAGE = 1000;
const WAIT_MS = 2000;
const LOSS_CHECK_INTERVAL_MS = 2000;
/**
 * Read again when the store is another one than before, and read at the start: what a promoted replica had not yet got
 * is published again, and its clock may be behind that of the lost one.
 */
const OVERLAP_MS = 60_000;

/**
 * Reads the stream once for all clients of this process, with plain reads: a group would leave its pending entries behind
 * with every process that dies. Keeps the newest events, and tells each client's subscriber of those of its user.
 */
export class EventFeed {
  readonly recent: RecentEvents;
  private readonly loop: Loop;
  private readonly stopping = new AbortController();
  private readonly live = new Map<string, Set<Subscriber>>();
  private readonly all = new Set<Subscriber>();
  private at = STREAM_START;
  private boot = '';
  private lossCheckedAtMs = 0;
  private readAtMs = Date.now();

  constructor(private readonly options: EventFeedOptions) {
    this.recent = new RecentEvents(options.recent, STREAM_START);
    this.loop = new Loop({
      name: 'client event feed',
      logger: options.logger,
      round: () => this.round(),
    });
  }

  /** Everything at or before it was looked at. */
  get position(): string {
    return this.at;
  }

  /** Rises when what was read is read again: a page that was read before it tells of another store. */
  get generation(): number {
    return this.recent.generation;
  }

  /** How long ago the stream answered last. */
  get silentMs(): number {
    return Date.now() - this.readAtMs;
  }

  async start(): Promise<void> {
    const { streams, stream } = this.options;
    this.boot = await streams.boot();
    const { lastId } = await streams.ownedState(stream);
    this.at = overlapBefore(lastId);
    this.recent.restart(this.at);
    await this.readToEnd();
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop.stop();
  }

  /** Takes part in rewinds from now on; gets nothing before {@link join}. */
  add(subscriber: Subscriber): void {
    this.all.add(subscriber);
  }

  /** Gets every event of its user from now on. Call it in the turn in which the last one before was taken. */
  join(subscriber: Subscriber): void {
    const ofUser = this.live.get(subscriber.userId);
    if (ofUser === undefined) this.live.set(subscriber.userId, new Set([subscriber]));
    else ofUser.add(subscriber);
  }

  leave(subscriber: Subscriber): void {
    const ofUser = this.live.get(subscriber.userId);
    ofUser?.delete(subscriber);
    if (ofUser?.size === 0) this.live.delete(subscriber.userId);
  }

  remove(subscriber: Subscriber): void {
    this.leave(subscriber);
    this.all.delete(subscriber);
  }

  private async round(): Promise<number> {
    const { streams, stream } = this.options;
    await this.noticeLoss();
    const grown = await streams.waitForEntries(new Map([[stream, this.at]]), WAIT_MS, this.stopping.signal);
    this.readAtMs = Date.now();
    if (grown.size > 0) await this.readToEnd();
    return 0;
  }

  private async readToEnd(): Promise<void> {
    const { streams, stream } = this.options;
    while (!this.stopping.signal.aborted) {
      const page = await streams.range(stream, `(${this.at}`, '+', PAGE);
      for (const entry of page) this.take(entry);
      this.readAtMs = Date.now();
      if (page.length < PAGE) return;
    }
  }

  private take(entry: StreamEntry): void {
    this.at = entry.id;
    const event = this.parsed(entry);
    if (event === undefined) return;
    this.recent.append(event);
    for (const subscriber of this.live.get(event.userId) ?? []) subscriber.take(event);
  }

  private parsed(entry: StreamEntry): ClientEvent | undefined {
    const parsed = parseClientEvent(entry);
    if (parsed.kind === 'event') return parsed.event;
    // The stream's other readers have it as well, and nobody can do anything with it.
    this.options.logger.warn({ event: 'client_event_malformed', entryId: entry.id, reason: parsed.reason });
    this.options.onMalformed?.();
    return undefined;
  }

  /** A store that was restarted, promoted or restored: ids that were passed may be handed out a second time. */
  private async noticeLoss(): Promise<void> {
    if (Date.now() - this.lossCheckedAtMs < LOSS_CHECK_INTERVAL_MS) return;
    const { streams, stream, logger } = this.options;
    const boot = await streams.boot();
    const { lastId } = await streams.ownedState(stream);
    this.lossCheckedAtMs = Date.now();
    const isBehind = compareEntryIds(lastId, this.at) < 0;
    if (boot === this.boot && !isBehind) return;
    this.boot = boot;
    const to = overlapBefore(isBehind ? lastId : this.at);
    logger.warn({ event: 'client_event_feed_rewound', from: this.at, to, isBehind });
    this.rewindTo(to);
  }

  private rewindTo(to: string): void {
    this.at = to;
    this.recent.restart(to);
    for (const subscriber of this.all) subscriber.fallBackTo(to);
  }
}

const overlapBefore = (id: string): string => `${Math.max(0, addedAtMs(id) - OVERLAP_MS)}-0`;
