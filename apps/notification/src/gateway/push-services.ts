interface Trouble {
  failures: number;
  pausedUntilMs: number;
}

const FAILURES_BEFORE_PAUSE = 5;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;
const MAX_REMEMBERED = 1000;

/** Which push services do not work: nobody's message to another one waits for their timeouts. */
export class PushServices {
  private readonly troubles = new Map<string, Trouble>();

  /** How long nothing is to be sent there, 0 for not at all. */
  pauseMs(endpoint: string, nowMs: number): number {
    const { pausedUntilMs = 0 } = this.troubles.get(originOf(endpoint)) ?? {};
    return Math.max(0, pausedUntilMs - nowMs);
  }

  works(endpoint: string): void {
    this.troubles.delete(originOf(endpoint));
  }

  fails(endpoint: string, nowMs: number): void {
    const origin = originOf(endpoint);
    const { failures = 0, pausedUntilMs = 0 } = this.troubles.get(origin) ?? {};
    const more = failures + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (more - FAILURES_BEFORE_PAUSE));
    const isPause = more >= FAILURES_BEFORE_PAUSE && pausedUntilMs <= nowMs;
    this.troubles.delete(origin);
    this.troubles.set(origin, { failures: more, pausedUntilMs: isPause ? nowMs + pauseMs : pausedUntilMs });
    if (this.troubles.size <= MAX_REMEMBERED) return;
    const [oldest] = this.troubles.keys();
    if (oldest !== undefined) this.troubles.delete(oldest);
  }
}

const originOf = (endpoint: string): string => (URL.canParse(endpoint) ? new URL(endpoint).origin : endpoint);
