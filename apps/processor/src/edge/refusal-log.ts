import { type Logger } from '@app/common/observability';
import { type RefusalCode } from './edge.errors';

/** What is said of a refused connection beside its code. */
export interface RefusalFacts {
  readonly peer: string;
  /** Masked. */
  readonly imei?: string;
}

const WINDOW_MS = 1_000;

/**
 * Says of refused connections who and why; of more than so many a second only how many of each code, in one line at
 * the second's end. A line for each connection of a flood would cost more than the flood.
 */
export class RefusalLog {
  private logged = 0;
  private readonly unlogged = new Map<RefusalCode, number>();
  private windowEnd: NodeJS.Timeout | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly perSecond: number,
  ) {}

  note(code: RefusalCode, facts: RefusalFacts): void {
    this.windowEnd ??= setTimeout(this.endWindow, WINDOW_MS).unref();
    if (this.logged < this.perSecond) {
      this.logged += 1;
      this.logger.info({ event: 'edge_refused', code, ...facts });
    } else this.unlogged.set(code, (this.unlogged.get(code) ?? 0) + 1);
  }

  private readonly endWindow = (): void => {
    this.windowEnd = undefined;
    this.logged = 0;
    if (this.unlogged.size === 0) return;
    const byCode = Object.fromEntries(this.unlogged);
    const connections = [...this.unlogged.values()].reduce((sum, count) => sum + count, 0);
    this.unlogged.clear();
    this.logger.warn({ event: 'edge_refusals_unlogged', connections, byCode });
  };
}
