/** What a session is waiting for. `hold`: for the store to take a frame. */
export type Wait = 'login' | 'frame' | 'idle' | 'write' | 'hold';

/**
 * The one time limit of a session. `within` starts a wait anew; `since` starts it only where that wait is not running
 * already, so that a byte a minute does not extend it.
 *
 * Its timer is not moved with every frame: it fires at the earliest limit that was ever set, looks, and is set again
 * for what is left. A timer for each wait of each frame would cost more than the frame.
 */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;
  private firesAt = 0;
  private current: Wait | undefined;
  private dueAt = 0;

  constructor(
    private readonly limitsMs: Readonly<Record<Wait, number>>,
    private readonly expired: (wait: Wait) => void,
  ) {}

  /**
   * @param share of the limit, for waits that should not end for all sessions at once.
   * @param since when the wait began, by the monotonic clock.
   */
  within(wait: Wait, share = 1, since = performance.now()): void {
    const limitMs = this.limitsMs[wait] * share;
    this.current = wait;
    this.dueAt = since + limitMs;
    if (this.timer === undefined || this.firesAt > this.dueAt) this.arm(limitMs);
  }

  since(wait: Wait): void {
    if (this.current !== wait) this.within(wait);
  }

  /** Nothing is waited for until the next wait. */
  rest(): void {
    this.current = undefined;
  }

  /** For good. */
  clear(): void {
    this.rest();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    clearTimeout(this.timer);
    this.firesAt = performance.now() + ms;
    this.timer = setTimeout(() => this.look(), ms);
  }

  private look(): void {
    this.timer = undefined;
    if (this.current === undefined) return;
    const leftMs = Math.ceil(this.dueAt - performance.now());
    if (leftMs > 0) this.arm(leftMs);
    else this.expired(this.current);
  }
}
