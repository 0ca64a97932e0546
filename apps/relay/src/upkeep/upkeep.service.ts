import { MAIL_SENDER_GROUP, WEB_PUSH_GROUP } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger, type Metrics } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { LedgerKeeper, OPEN_REASONS } from './ledger';
import { BLOCK_REASONS, OutboxTidier } from './outbox-tidier';
import ensurePartitions from './sql/ensure-partitions.sql';

const ENSURE = statement('upkeep.ensure-partitions', ensurePartitions);

/** An instance that does not hold the lease looks again this soon. */
const STANDBY_MS = 1000;

export interface UpkeepOptions {
  readonly keepMs: number;
  readonly intervalMs: number;
  readonly streamKeepMs: number;
  /** Streams that nobody of ours reads through a group, but for features that are off by default: kept by age. */
  readonly agedStreams: readonly string[];
  readonly daysAhead: number;
  readonly ledgerKeepMs: number;
  readonly deadLetterKeepMs: number;
}

/**
 * Groups of ours whose features are off by default: where they are there, nothing goes that they have not acknowledged;
 * where they are not, they must not hold the stream for ever.
 */
const OPTIONAL_GROUPS: readonly string[] = [MAIL_SENDER_GROUP, WEB_PUSH_GROUP];

/**
 * Makes day partitions, closes hours in the event ledger, then empties the outbox ring, forgets what the retry lane has
 * done with, and trims aged streams; by one instance at a time.
 */
export class UpkeepService implements Service {
  readonly name = 'upkeep';
  readonly stage = 'work';
  private readonly loop: Loop;
  private readonly runs;
  private readonly openHours;
  private readonly blockedSlots;
  private readonly ledger: LedgerKeeper;
  private readonly outbox: OutboxTidier;

  constructor(
    private readonly options: UpkeepOptions,
    private readonly database: Database,
    private readonly streams: Streams,
    private readonly ownership: Ownership,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.runs = metrics.counter('relay_upkeep_total');
    this.openHours = metrics.gauge('relay_ledger_open_hours');
    this.blockedSlots = metrics.gauge('relay_rotation_blocked_slots');
    this.ledger = new LedgerKeeper(options, database, streams, logger);
    this.outbox = new OutboxTidier(options, database);
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
      if (usable.length === 0) {
        // They are the holder's to tell: what this one told before it lost the lease is old.
        this.report({}, {});
        return STANDBY_MS;
      }
      await this.tend();
      return this.options.intervalMs;
    });
  }

  private report(
    open: Readonly<Record<string, number>> | undefined,
    blocked: Readonly<Record<string, number>> | undefined,
  ): void {
    if (open !== undefined)
      for (const reason of OPEN_REASONS) this.openHours.set({ reason }, open[reason] ?? 0);
    if (blocked !== undefined)
      for (const reason of BLOCK_REASONS) this.blockedSlots.set({ reason }, blocked[reason] ?? 0);
  }

  private async trim(stream: string): Promise<void> {
    const { unknownGroups } = await this.streams.trimOwned({
      stream,
      groups: await this.existingGroups(stream),
      keepMs: this.options.streamKeepMs,
    });
    // They hold nothing back: a reader that is slower than the trimming loses entries, and must be told.
    if (unknownGroups.length > 0) {
      this.logger.warn({ event: 'upkeep_unregistered_groups', stream, groups: unknownGroups });
    }
  }

  /** A registered group that is not there holds all: that of a feature that is off must not. */
  private async existingGroups(stream: string): Promise<readonly string[]> {
    const info = await this.streams.info(stream, OPTIONAL_GROUPS);
    return (info?.groups ?? []).flatMap(({ name, known }) => (known ? [name] : []));
  }

  /** One task's failure keeps no other from running; the loop then comes back sooner. */
  private async tend(): Promise<void> {
    const failures: unknown[] = [];
    const tasks: [string, () => Promise<unknown>][] = [
      ['partitions', () => this.database.query(ENSURE, [this.options.daysAhead])],
      // In this order: only closed hours are reclaimed.
      ['ledger', async () => this.report(await this.ledger.close(), undefined)],
      ['outbox', async () => this.report(undefined, await this.outbox.reclaim())],
      ['retry', () => this.outbox.deleteClosedRetries()],
      ['dead_letters', () => this.outbox.rotateDeadLetters()],
      ...this.options.agedStreams.map((stream): [string, () => Promise<unknown>] => [
        'streams',
        () => this.trim(stream),
      ]),
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
