import { type Logger } from '@app/common/observability';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerOptions {
  readonly logger: Logger;
  readonly onState: (state: BreakerState) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** So many failures in a row are the service's and not that of single users. */
const FAILURES = 5;
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 15_000;

/**
 * Keeps lookups away from a service that does not answer. After a rest that doubles, with jitter so that instances do not
 * come back in step, one lookup tries for all.
 */
export class Breaker {
  private current: BreakerState = 'closed';
  private failures = 0;
  private openings = 0;
  private untilMs = 0;

  constructor(private readonly options: BreakerOptions) {}

  get state(): BreakerState {
    return this.current;
  }

  /** How long nobody is admitted, in milliseconds; 0 where somebody would be. */
  restMs(): number {
    if (this.current === 'closed') return 0;
    if (this.current === 'half-open') return FIRST_REST_MS;
    return Math.max(0, Math.ceil(this.untilMs - this.now()));
  }

  /** Whether the caller may try; it has to say afterwards what came of it. */
  admits(): boolean {
    if (this.current === 'closed') return true;
    if (this.restMs() > 0) return false;
    this.become('half-open');
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    this.openings = 0;
    if (this.current === 'closed') return;
    this.options.logger.info({ event: 'user_service_back' });
    this.become('closed');
  }

  failed(error: unknown): void {
    this.failures += 1;
    if (this.current === 'open' || (this.current === 'closed' && this.failures < FAILURES)) return;
    const random = (this.options.random ?? Math.random)();
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(this.openings, 10));
    this.openings += 1;
    this.untilMs = this.now() + restMs * (0.75 + random / 2);
    this.options.logger.error({ event: 'user_service_out', openings: this.openings, err: error });
    this.become('open');
  }

  private become(state: BreakerState): void {
    this.current = state;
    this.options.onState(state);
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
