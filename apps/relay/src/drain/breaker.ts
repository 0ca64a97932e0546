import { hasCode } from '@app/common/errors';

/** As the metric shows it. */
export const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 } as const;
export type BreakerState = keyof typeof BREAKER_STATES;

const FIRST_REST_MS = 100;
const MAX_REST_MS = 4_000;

/** The store takes nothing at all now, whatever the message: it is away, full, read-only or starting. */
export function isOutage(error: unknown): boolean {
  return hasCode(error, 'REDIS_UNREACHABLE') || hasCode(error, 'STREAM_REFUSED');
}

/**
 * Stands between all lanes of a process and Redis. Open, nobody calls; after a rest one part at a time probes, until one
 * of them got through. An outage so costs one call each rest, and what waits for it spends no attempt.
 */
export class Breaker {
  private current: BreakerState = 'closed';
  private untilMs = 0;
  private failures = 0;
  private probe: readonly unknown[] | undefined;
  private reason: unknown;

  constructor(
    private readonly onChange: (state: BreakerState, reason: unknown) => void = () => undefined,
    private readonly random: () => number = Math.random,
  ) {}

  get state(): BreakerState {
    return this.current;
  }

  /** Why it is not closed. */
  get lastError(): unknown {
    return this.reason;
  }

  /** Until somebody may call; 0 when it is closed or a probe may go. */
  get restMs(): number {
    return this.current === 'open' ? Math.max(0, this.untilMs - performance.now()) : 0;
  }

  /**
   * Those of the callers that may call now. Where it is one that probes, nobody else may until {@link release}. Any of them
   * may be the one: a caller that has nothing to write tells nothing, and always the same would keep all others waiting.
   */
  admit<Caller>(callers: readonly Caller[]): readonly Caller[] {
    if (this.current === 'closed' || callers.length === 0) return callers;
    if (this.probe !== undefined || this.restMs > 0) return [];
    this.change('half_open', this.reason);
    const chosen = Math.floor(this.random() * callers.length);
    const probe = callers.slice(chosen, chosen + 1);
    this.probe = probe;
    return probe;
  }

  /** The callers that {@link admit} let through are back. */
  release(admitted: readonly unknown[]): void {
    if (admitted === this.probe) this.probe = undefined;
  }

  /** A call got through. Only one that wrote something forgets how long the outage is: a full server still answers. */
  succeeded(wrote: boolean): void {
    // Open: a call from before the outage that was answered late tells nothing of now.
    if (this.current === 'open') return;
    if (wrote) this.failures = 0;
    this.reason = undefined;
    this.change('closed', undefined);
  }

  /** Those under way together fail together, and count once. */
  failed(error: unknown): void {
    this.reason = error;
    if (this.current === 'open') return;
    this.failures += 1;
    const restMs = Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** Math.min(this.failures - 1, 10));
    this.untilMs = performance.now() + restMs * (0.75 + Math.random() / 2);
    this.change('open', error);
  }

  private change(state: BreakerState, reason: unknown): void {
    if (state === this.current) return;
    this.current = state;
    this.onChange(state, reason);
  }
}
