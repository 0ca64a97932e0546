import { networkOf } from './bad-logins';

interface Waiting {
  readonly enter: () => void;
}

/** Turns are given in slices: a timer for each connection would cost more than what it delays. */
const SLICE_MS = 50;

/**
 * Where new connections wait whose address has spent its bad logins: so many a second of each address are let in, in
 * their order. Who attacks from an address slows down itself and its neighbours' new connections, and nobody else; a
 * good device behind the same carrier address is late and not refused. Connections that are open already never wait.
 */
export class WaitingRoom {
  private readonly queues = new Map<string, Set<Waiting>>();
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param perSecond let in of one address.
   * @param longestMs who could not be let in within this time is turned away instead.
   */
  constructor(
    private readonly perSecond: number,
    private readonly longestMs: number,
    private readonly isSpent: (address: string) => boolean,
  ) {}

  /** Those who wait, of all addresses. */
  get size(): number {
    return [...this.queues.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** While others of the address wait, the next one waits behind them. */
  mustWait(address: string): boolean {
    return this.isSpent(address) || (this.queues.size > 0 && this.queues.has(networkOf(address)));
  }

  /** To leave it, for one that closed meanwhile; undefined where its turn would come too late. */
  wait(address: string, enter: () => void): (() => void) | undefined {
    const network = networkOf(address);
    const queue = this.queues.get(network) ?? new Set<Waiting>();
    if (queue.size >= (this.perSecond * this.longestMs) / 1000) return undefined;
    const waiting = { enter };
    this.queues.set(network, queue.add(waiting));
    this.timer ??= setInterval(this.letIn, SLICE_MS);
    return () => queue.delete(waiting);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.queues.clear();
  }

  private readonly letIn = (): void => {
    const share = Math.max(1, Math.round((this.perSecond * SLICE_MS) / 1000));
    for (const [network, queue] of this.queues) {
      for (const waiting of [...queue].slice(0, share)) {
        queue.delete(waiting);
        waiting.enter();
      }
      if (queue.size === 0) this.queues.delete(network);
    }
    if (this.queues.size === 0) this.close();
  };
}
