import { Registry } from 'prom-client';
import { Database } from '@app/common/database';
import { type Lease, LeaseTable } from '@app/common/leases';
import { OdographError } from '@app/common/errors';
import { createLogger, Metrics } from '@app/common/observability';
import { STREAM_START, type StreamEntry } from '@app/common/streams';
import { BatchSize } from '../../apps/processor/src/ingest/batch-size';
import { pieceOf } from '../../apps/processor/src/ingest/piece';
import { ownedShard } from '../../apps/processor/src/ingest/shards';
import { StoreLedger } from '../../apps/processor/src/ingest/store-ledger';
import { Storing } from '../../apps/processor/src/ingest/storing';
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

/** What the processor stores a batch with: its role, fence, ledger, sink, rules and state. */
export class SinkUnderTest {
  private readonly ledger: StoreLedger;

  private constructor(
    private readonly database: Database,
    private readonly leases: LeaseTable,
    private readonly held: readonly Lease[],
    private readonly decoders: readonly ((entry: StreamEntry) => SinkEntry)[],
  ) {
    this.ledger = new StoreLedger(database);
  }

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
        const storing = this.storing(sink, batchRows);
        const shard = ownedShard(lease);
        for (let start = 0; start < entries.length; start += batchEntries) {
          const batch = entries.slice(start, start + batchEntries).map((source) => {
            const read = { shard, source, deliveries: 1, isRepeat: false };
            return pieceOf(read, decode(source), () => true);
          });
          const { rejections } = await storing.store(batch);
          if (rejections.length > 0) throw new Error('the bench has a device that is not registered');
        }
      }),
    );
  }

  private storing(sink: SinkService, batchRows: number): Storing {
    return new Storing({
      sink,
      ownership: {
        protect: async (transaction, leases) => {
          const lost = await this.leases.fence(transaction, leases);
          if (lost.length > 0) throw new OdographError('LEASE_LOST');
        },
      },
      ledger: this.ledger,
      reconciler: { storedUpTo: (_shard, id = STREAM_START) => id },
      size: new BatchSize(batchRows, Number.POSITIVE_INFINITY),
      maxAttempts: 1,
      onStored: () => undefined,
    });
  }

  stop(): Promise<void> {
    return this.database.stop(1_000);
  }
}
