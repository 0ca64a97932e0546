/** How often the writes under way are looked through. */
const LOOK_MS = 50;

export interface HeldWrite {
  /** On the clock of `performance.now()`. */
  readonly dueAt: number;
  readonly giveUp: () => void;
}

/** Time limits of the writes under way with one timer for all, since almost every write is done long before its own. */
export class HeldWrites {
  private readonly held = new Set<HeldWrite>();
  private timer: NodeJS.Timeout | undefined;

  /** Calls `giveUp` once when it was not removed by then, up to {@link LOOK_MS} late. */
  add(limitMs: number, giveUp: () => void): HeldWrite {
    const write = { dueAt: performance.now() + limitMs, giveUp };
    this.held.add(write);
    this.timer ??= setInterval(() => this.look(), LOOK_MS);
    return write;
  }

  remove(write: HeldWrite): void {
    this.held.delete(write);
    // With nothing under way nothing keeps ticking; under load something always is.
    if (this.held.size === 0) this.stop();
  }

  private look(): void {
    const now = performance.now();
    for (const write of this.held) {
      if (write.dueAt > now) continue;
      this.held.delete(write);
      write.giveUp();
    }
    if (this.held.size === 0) this.stop();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
