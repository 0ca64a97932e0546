import { Registry } from 'prom-client';
import { Database } from '@app/common/database';
import { type Lease, LeaseTable } from '@app/common/leases';
import { OdographError } from '@app/common/errors';
import { createLogger, Metrics } from '@app/common/observability';
import { type StreamEntry } from '@app/common/streams';
import { SinkService, type SinkEntry } from '../../apps/processor/src/sink';
import { DeviceDirectory } from '../../apps/processor/src/sink/device-directory';
import { LiveFeed } from '../../apps/processor/src/sink/live-feed';
import { RulebookReader } from '../../apps/processor/src/sink/rulebook';
import { sinkMetrics } from '../../apps/processor/src/sink/sink.metrics';
import { Settler } from '../../apps/processor/src/sink/settler';
import { StateCache } from '../../apps/processor/src/sink/state-cache';
import { RECORDS_A_FRAME } from '../shared/records';
import { type Work } from './work';

const CACHED_STATES = 20_000;

const LEASE_TIME_MS = 3_600_000;
const quiet = createLogger({ app: 'bench', level: 'silent' });
/** Entries for live viewers are made and go nowhere: a Redis would be measured along. */
const nowhere = { append: () => Promise.resolve('0-1'), broadcast: () => Promise.resolve() };

/** The sink of the processor with the processor's role, its rules, its state and the fence. */
export class SinkUnderTest {
  private constructor(
    private readonly database: Database,
    private readonly leases: LeaseTable,
    private readonly held: readonly Lease[],
    private readonly decoders: readonly ((entry: StreamEntry) => SinkEntry)[],
  ) {}

  static async start(
    url: string,
    decoders: readonly ((entry: StreamEntry) => SinkEntry)[],
  ): Promise<SinkUnderTest> {
    const database = new Database({
      url,
      poolSize: decoders.length,
      applicationName: 'bench-sink',
      startupTimeoutMs: 5_000,
      logger: quiet,
    });
    await database.start();
    const leases = new LeaseTable(database, 'bench', LEASE_TIME_MS);
    const names = decoders.map((_, lane) => `shard:telemetry:${lane}`);
    await leases.ensure(names);
    return new SinkUnderTest(database, leases, await leases.acquire(names, names.length), decoders);
  }

  /** Writes all of it in transactions of about so many rows, one at a time in each lane. */
  async write({ lanes }: Work, batchRows: number): Promise<void> {
    const metrics = sinkMetrics(new Metrics(new Registry()));
    const sink = new SinkService({
      database: this.database,
      directory: new DeviceDirectory('quarantine'),
      rulebooks: new RulebookReader(quiet),
      live: new LiveFeed(nowhere, 1_000, quiet, () => undefined),
      metrics,
      settler: new Settler({ cache: new StateCache(CACHED_STATES), metrics, maxFoldedFixes: 4_000 }),
    });
    const batchEntries = batchRows / RECORDS_A_FRAME;
    await Promise.all(
      lanes.map(async (entries, lane) => {
        const decode = this.decoders[lane];
        const lease = this.held[lane];
        if (decode === undefined || lease === undefined)
          throw new Error(`lane ${lane} has no decoder or no lease`);
        for (let start = 0; start < entries.length; start += batchEntries) {
          const batch = entries.slice(start, start + batchEntries).map(decode);
          const { refused } = await sink.write(batch, async (transaction) => {
            const lost = await this.leases.fence(transaction, [lease]);
            if (lost.length > 0) throw new OdographError('LEASE_LOST');
          });
          if (refused.length > 0) throw new Error('the bench has a device that is not registered');
        }
      }),
    );
  }

  stop(): Promise<void> {
    return this.database.stop(1_000);
  }
}
