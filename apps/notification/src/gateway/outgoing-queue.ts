import { type ClientEvent, isExpired, messageOf, sizeOf } from './client-event';

/** The way to one client, as far as the queue needs it. */
export interface Outlet {
  /** Bytes that were sent and that the client has not taken. */
  readonly bufferedAmount: number;
  /** @param written is called when the text is on its way to the client, or never will be. */
  send(text: string, written: () => void): void;
}

export interface QueueLimits {
  /** Bytes not taken at which writing stops. */
  readonly backpressureBytes: number;
  readonly maxEvents: number;
}

export interface QueueObserver {
  onSent(event: ClientEvent): void;
  onCoalesced(): void;
  onExpired(): void;
  /** More than the queue holds: the client has to come back and resume. Nothing is sent any more. */
  onOverflow(): void;
}

interface Waiting {
  readonly event: ClientEvent;
  /** Events that this one stands for beside itself. */
  readonly coalesced: number;
}

/** Of large events fewer are kept. */
const BYTES_PER_EVENT = 4096;

/**
 * Sends events as fast as the client takes them. While it does not, of each collapse key the latest event is kept, in the
 * order of the latest ones, so that cursors only rise; the memory of a client that reads nothing is bounded.
 */
export class OutgoingQueue {
  private readonly waiting = new Map<string, Waiting>();
  private bytes = 0;
  private closed = false;
  private drainWaiters: (() => void)[] = [];

  constructor(
    private readonly outlet: Outlet,
    private readonly limits: QueueLimits,
    private readonly observer: QueueObserver,
  ) {}

  /** True when an event that is pushed now would wait. */
  get isBlocked(): boolean {
    return this.waiting.size > 0 || this.outlet.bufferedAmount >= this.limits.backpressureBytes;
  }

  get length(): number {
    return this.waiting.size;
  }

  push(event: ClientEvent): void {
    if (this.closed) return;
    if (this.isBlocked) this.keep(event);
    else this.write({ event, coalesced: 0 });
  }

  /** Resolves when nothing waits and the client takes what comes, or when the queue was closed. */
  async drained(): Promise<void> {
    if (this.closed || !this.isBlocked) return;
    await new Promise<void>((resolve) => this.drainWaiters.push(resolve));
  }

  /** Forgets what waits and lets go of who waits for it. */
  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.bytes = 0;
    this.releaseWaiters();
  }

  private keep(event: ClientEvent): void {
    const earlier = this.waiting.get(event.collapseKey);
    if (earlier !== undefined) {
      this.waiting.delete(event.collapseKey);
      this.bytes -= sizeOf(earlier.event);
      this.observer.onCoalesced();
    }
    this.waiting.set(event.collapseKey, { event, coalesced: (earlier?.coalesced ?? -1) + 1 });
    this.bytes += sizeOf(event);
    const { maxEvents } = this.limits;
    if (this.waiting.size <= maxEvents && this.bytes <= maxEvents * BYTES_PER_EVENT) return;
    this.close();
    this.observer.onOverflow();
  }

  private write({ event, coalesced }: Waiting): void {
    this.observer.onSent(event);
    this.outlet.send(messageOf(event, coalesced), () => this.onWritten());
  }

  /** Goes on at half of the bound: at the bound itself single events would go by turns with waiting. */
  private onWritten(): void {
    if (this.closed || this.outlet.bufferedAmount > this.limits.backpressureBytes / 2) return;
    const nowMs = Date.now();
    for (const [key, waiting] of this.waiting) {
      if (this.outlet.bufferedAmount >= this.limits.backpressureBytes) return;
      this.waiting.delete(key);
      this.bytes -= sizeOf(waiting.event);
      if (isExpired(waiting.event, nowMs)) this.observer.onExpired();
      else this.write(waiting);
    }
    if (!this.isBlocked) this.releaseWaiters();
  }

  private releaseWaiters(): void {
    const waiters = this.drainWaiters;
    this.drainWaiters = [];
    for (const release of waiters) release();
  }
}
