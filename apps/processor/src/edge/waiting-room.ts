import { networkOf } from './bad-logins';

export interface Waiting {
  readonly enter: () => void;
  /** Whether something came from it that could be looked at. */
  readonly hasSpoken: () => boolean;
  /** Its place is given to another. */
  readonly turnAway: () => void;
}

/** Turns are given in slices: a timer for each connection would cost more than what it delays. */
const SLICE_MS = 50;

/**
 * Where new connections wait whose address has spent its bad logins: so many a second of each address are let in of
 * those who have said something, in their order; who says nothing costs nobody a turn, and is the first to go when the
 * room is full. Who attacks from an address slows down itself and its neighbours' new connections, and nobody else; a
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
  wait(address: string, waiting: Waiting): (() => void) | undefined {
    const network = networkOf(address);
    const queue = this.queues.get(network) ?? new Set<Waiting>();
    const isFull = queue.size >= (this.perSecond * this.longestMs) / 1000;
    if (isFull && !makeRoom(queue)) return undefined;
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
      for (const waiting of firstOf(queue, share)) {
        queue.delete(waiting);
        waiting.enter();
      }
      if (queue.size === 0) this.queues.delete(network);
    }
    if (this.queues.size === 0) this.close();
  };
}

/** The first who have spoken, at most so many. */
function firstOf(queue: ReadonlySet<Waiting>, most: number): Waiting[] {
  const found: Waiting[] = [];
  for (const waiting of queue) {
    if (found.length === most) break;
    if (waiting.hasSpoken()) found.push(waiting);
  }
  return found;
}

function makeRoom(queue: Set<Waiting>): boolean {
  for (const waiting of queue) {
    if (waiting.hasSpoken()) continue;
    queue.delete(waiting);
    waiting.turnAway();
    return true;
  }
  return false;
}
