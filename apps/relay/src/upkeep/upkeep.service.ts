import { FLEET_EVENTS, GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger, type Metrics } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import ensurePartitions from './sql/ensure-partitions.sql';
import reclaimOutbox from './sql/reclaim-outbox.sql';

const ENSURE = statement('upkeep.ensure-partitions', ensurePartitions);
const RECLAIM = statement('upkeep.reclaim-outbox', reclaimOutbox);

/** Streams that nobody of ours reads through a group: they are kept by age alone. */
const AGED_STREAMS = [FLEET_EVENTS, GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS];
/** An instance that does not hold the lease looks again this soon. */
const STANDBY_MS = 1000;

export interface UpkeepOptions {
  readonly keepMs: number;
  readonly intervalMs: number;
  readonly streamKeepMs: number;
  readonly daysAhead: number;
}

/** Makes day partitions, empties the outbox ring and trims aged streams, by one instance at a time. */
export class UpkeepService implements Service {
  readonly name = 'upkeep';
  readonly stage = 'work';
  private readonly loop: Loop;
  private readonly runs;

  constructor(
    private readonly options: UpkeepOptions,
    private readonly database: Database,
    private readonly streams: Streams,
    private readonly ownership: Ownership,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.runs = metrics.counter('relay_upkeep_total');
    this.loop = new Loop({
      name: 'upkeep',
      logger,
      round: () => this.round(),
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

  private async round(): Promise<number> {
    return this.ownership.use(this.ownership.usable(), async (usable) => {
      if (usable.length === 0) return STANDBY_MS;
      await this.tend();
      return this.options.intervalMs;
    });
  }

  private async trim(stream: string): Promise<void> {
    const { unknownGroups } = await this.streams.trimOwned({
      stream,
      groups: [],
      keepMs: this.options.streamKeepMs,
    });
    // They hold nothing back: a reader that is slower than the trimming loses entries, and must be told.
    if (unknownGroups.length > 0) {
      this.logger.warn({ event: 'upkeep_unregistered_groups', stream, groups: unknownGroups });
    }
  }

  /** One task's failure keeps no other from running; the loop then comes back sooner. */
  private async tend(): Promise<void> {
    const failures: unknown[] = [];
    const tasks: [string, () => Promise<unknown>][] = [
      ['partitions', () => this.database.query(ENSURE, [this.options.daysAhead])],
      ['outbox', () => this.database.query(RECLAIM, [this.options.keepMs])],
      ...AGED_STREAMS.map((stream): [string, () => Promise<unknown>] => ['streams', () => this.trim(stream)]),
    ];
    for (const [task, run] of tasks) {
      try {
        await run();
        this.runs.inc({ task, result: 'done' });
      } catch (error) {
        this.runs.inc({ task, result: 'failed' });
        this.logger.error({ event: 'upkeep_failed', task, err: error });
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'upkeep tasks failed');
    this.logger.info({ event: 'upkeep_done' });
  }
}
