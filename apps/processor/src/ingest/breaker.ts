import { type Logger } from '@app/common/observability';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerParts {
  readonly logger: Logger;
  /** Passes where the database works; its error where it does not. */
  readonly probe: () => Promise<unknown>;
  readonly onState: (state: BreakerState) => void;
  /** Between 0 and 1. */
  readonly random?: () => number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;

/**
 * Stands between the lanes and a database that is out: nothing is read while it is open, so that no delivery is spent on
 * an outage. After a wait that doubles, jittered so that a fleet of processes does not come back in step, one caller
 * probes for all of them.
 */
export class Breaker {
  private current: BreakerState = 'closed';
  private openings = 0;
  private probeAtMs = 0;
  private openedAtMs: number | undefined;

  constructor(private readonly parts: BreakerParts) {}

  get state(): BreakerState {
    return this.current;
  }

  /** How long the outage has lasted; undefined where there is none. */
  get openForMs(): number | undefined {
    return this.openedAtMs === undefined ? undefined : this.now() - this.openedAtMs;
  }

  /** 0: go on. Else how long to wait before asking again. @throws what the probe throws. */
  async enter(): Promise<number> {
    if (this.current === 'closed') return 0;
    if (this.current === 'half-open') return FIRST_WAIT_MS;
    const leftMs = this.probeAtMs - this.now();
    if (leftMs > 0) return Math.ceil(leftMs);
    this.become('half-open');
    try {
      await this.parts.probe();
    } catch (error) {
      this.failed(error);
      throw error;
    }
    this.parts.logger.info({ event: 'database_back', afterMs: Math.round(this.openForMs ?? 0) });
    this.openings = 0;
    this.openedAtMs = undefined;
    this.become('closed');
    return 0;
  }

  /** Tells of an outage. */
  failed(error: unknown): void {
    // One outage, seen by several lanes.
    if (this.current === 'open') return;
    this.openings += 1;
    this.openedAtMs ??= this.now();
    const random = (this.parts.random ?? Math.random)();
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.openings - 1, 10));
    this.probeAtMs = this.now() + waitMs * (0.5 + random / 2);
    this.parts.logger.error({ event: 'database_out', openings: this.openings, err: error });
    this.become('open');
  }

  private become(state: BreakerState): void {
    this.current = state;
    this.parts.onState(state);
  }

  private now(): number {
    return (this.parts.now ?? (() => performance.now()))();
  }
}
