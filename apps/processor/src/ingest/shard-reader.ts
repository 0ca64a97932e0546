import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type Logger } from '@app/common/observability';
import { type OwnedStreams } from '@app/common/streams';
import { type ReadEntry } from './dead-letters';
import { type IngestMetrics } from './ingest.metrics';
import { type OwnedShard } from './shards';

export interface ShardReaderParts {
  readonly streams: OwnedStreams;
  readonly consumer: string;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** A store has seen a newer epoch on the shard. */
  readonly onStale: (shard: OwnedShard, seenEpoch: bigint) => Promise<void>;
  /** Entries that were pending and are gone from their stream. */
  readonly onLost: (shard: OwnedShard, ids: readonly string[]) => Promise<void>;
  /** True while the shard is read again after a restore. */
  readonly isRewinding: (shard: OwnedShard, id: string) => boolean;
}

/** Weight of the newest batch in the moving average. */
const AVERAGE_WEIGHT = 0.3;
/** As of a device that was without a network for long: the first read must not take in more than was meant. */
const FIRST_RECORDS_PER_ENTRY = 50;

/** Reads about as many records as asked for, most of them from the shards that have a backlog. */
export class ShardReader {
  private recordsPerEntry = FIRST_RECORDS_PER_ENTRY;
  /** Streams whose last read was full. */
  private readonly backlogged = new Set<string>();

  constructor(private readonly parts: ShardReaderParts) {}

  async read(shards: readonly OwnedShard[], records: number): Promise<ReadEntry[]> {
    const entries = Math.max(1, Math.ceil(records / this.recordsPerEntry));
    const share = Math.ceil(entries / shards.length);
    const busy = shards.filter(({ stream }) => this.backlogged.has(stream)).length;
    const busyShare = Math.ceil(entries / Math.max(1, busy));
    const reads = shards.map((shard) =>
      this.readShard(shard, this.backlogged.has(shard.stream) ? busyShare : share),
    );
    return (await Promise.all(reads)).flat();
  }

  /** What a batch was made of, to know better how many entries to ask for. */
  decoded(entries: number, records: number): void {
    if (entries === 0) return;
    this.recordsPerEntry += (Math.max(1, records / entries) - this.recordsPerEntry) * AVERAGE_WEIGHT;
  }

  private async readShard(shard: OwnedShard, count: number): Promise<ReadEntry[]> {
    const { streams, consumer, metrics, logger, onStale, onLost, isRewinding } = this.parts;
    const result = await streams.readOwned({
      ...{ stream: shard.stream, group: PROCESSOR_GROUP, consumer, count },
      epoch: shard.lease.epoch,
    });
    if (result.kind === 'stale') {
      await onStale(shard, result.ownEpoch);
      return [];
    }
    const { entries, redelivered, deliveries, lostIds } = result;
    if (entries.length >= count) this.backlogged.add(shard.stream);
    else this.backlogged.delete(shard.stream);
    if (lostIds.length > 0) {
      metrics.lostEntries.inc(lostIds.length);
      logger.error({ event: 'pending_entries_lost', stream: shard.stream, ids: lostIds });
      await onLost(shard, lostIds);
    }
    if (redelivered) metrics.entries.inc({ result: 'redelivered' }, entries.length);
    return entries.map((source) => ({
      ...{ shard, source, deliveries: deliveries.get(source.id) ?? 1 },
      isRepeat: redelivered || isRewinding(shard, source.id),
    }));
  }
}
