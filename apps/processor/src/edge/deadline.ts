/** What a session is waiting for. */
export type Wait = 'login' | 'frame' | 'idle' | 'write';

/**
 * The one timer of a session. `within` starts a wait anew; `since` starts it only where that wait is not running
 * already, so that a byte a minute does not extend it.
 */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;
  private current: Wait | undefined;

  constructor(
    private readonly limitsMs: Readonly<Record<Wait, number>>,
    private readonly expired: (wait: Wait) => void,
  ) {}

  within(wait: Wait): void {
    // Every chunk comes through here, and moving a timer costs a fraction of making one.
    if (this.current === wait && this.timer !== undefined) this.timer.refresh();
    else this.start(wait);
  }

  since(wait: Wait): void {
    if (this.current !== wait) this.start(wait);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.current = undefined;
  }

  private start(wait: Wait): void {
    clearTimeout(this.timer);
    this.current = wait;
    this.timer = setTimeout(() => this.expired(wait), this.limitsMs[wait]);
  }
}
