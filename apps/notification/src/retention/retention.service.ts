import { type Database } from '@app/common/database';
import { type Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type RetentionMetrics } from './retention.metrics';
import { type Keeps, type Sweep, type SweepOptions, sweepOnce, sweepsOf } from './sweep';

export interface RetentionOptions extends Keeps, SweepOptions {
  readonly intervalMs: number;
}

/** An instance that does not hold the lease looks again this soon. */
const STANDBY_MS = 1000;

/** Deletes what is kept no longer, in small batches between which everybody else has the tables; one instance at a time. */
export class RetentionService implements Service {
  readonly name = 'retention';
  readonly stage = 'work';
  private readonly loop: Loop;
  private readonly sweeps: readonly Sweep[];

  constructor(
    private readonly options: RetentionOptions,
    private readonly database: Pick<Database, 'query'>,
    private readonly ownership: Ownership,
    private readonly metrics: RetentionMetrics,
    private readonly logger: Logger,
  ) {
    this.sweeps = sweepsOf(options);
    this.loop = new Loop({
      name: 'retention',
      logger,
      round: (signal) => this.round(signal),
      retryMs: 1000,
      maxRetryMs: 60_000,
    });
  }

  start(): Promise<void> {
    this.loop.start();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async round(signal: AbortSignal): Promise<number> {
    return this.ownership.use(this.ownership.usable(), async (usable) => {
      if (usable.length === 0) return STANDBY_MS;
      await this.sweepAll(signal);
      return this.options.intervalMs;
    });
  }

  /** One kind's failure keeps no other from going; the loop then comes back sooner. */
  private async sweepAll(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const deleted: Record<string, number> = {};
    for (const sweep of this.sweeps) {
      const { what } = sweep;
      try {
        deleted[what] = await sweepOnce(this.database, sweep, this.options, signal);
        this.metrics.deleted.inc({ what }, deleted[what]);
        this.metrics.rounds.inc({ what, result: 'done' });
      } catch (error) {
        this.metrics.rounds.inc({ what, result: 'failed' });
        this.logger.error({ event: 'retention_failed', what, err: error });
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'retention failed');
    this.logger.info({ event: 'retention_done', deleted });
  }
}
