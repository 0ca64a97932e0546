const WINDOW_MS = 60_000;

/** Counts keep-alive bytes in windows of a minute: they cost the sender nothing and refresh the idle time. */
export class PingBudget {
  private count = 0;
  private windowEndsAtMs = 0;

  constructor(private readonly perMinute: number) {}

  /** False when this ping is one too many. */
  spend(nowMs: number): boolean {
    if (nowMs >= this.windowEndsAtMs) {
      this.windowEndsAtMs = nowMs + WINDOW_MS;
      this.count = 0;
    }
    this.count += 1;
    return this.count <= this.perMinute;
  }
}
