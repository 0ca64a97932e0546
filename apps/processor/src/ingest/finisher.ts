import { PROCESSOR_GROUP } from '@app/common/contracts';
import { fault, type Logger } from '@app/common/observability';
import { type OwnedStreams } from '@app/common/streams';
import { type Outcome, park, type ReadEntry, type Rejection } from './dead-letters';
import { type IngestMetrics } from './ingest.metrics';
import { type Reconciler } from './reconciler';
import { type OwnedShard } from './shards';
import { laterId } from './store-ledger';
import { encodeNote, type StorePosition } from './store-position';

export interface FinisherParts {
  readonly streams: OwnedStreams;
  readonly reconciler: Reconciler;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
}

export interface Finished {
  readonly read: readonly ReadEntry[];
  readonly rejections: readonly Rejection[];
  readonly position: StorePosition | undefined;
  readonly firstFailedAtMs: number;
}

/** What is durable now goes off the pending lists, and what cannot pass into the dead letters, shard by shard. */
export class Finisher {
  constructor(private readonly parts: FinisherParts) {}

  async finish({ read, rejections, position, firstFailedAtMs }: Finished): Promise<void> {
    const shards = [...new Set(read.map(({ shard }) => shard))];
    await Promise.all(
      shards.map((shard) => {
        const own = rejections.filter((one) => one.read.shard === shard);
        return this.finishShard(
          read.filter((one) => one.shard === shard),
          { ...this.outcomeOf(shard, own, position), firstFailedAtMs },
        );
      }),
    );
    fault('ingest.after-ack');
  }

  private outcomeOf(
    shard: OwnedShard,
    rejections: readonly Rejection[],
    position: StorePosition | undefined,
  ): Pick<Outcome, 'shard' | 'rejections' | 'note'> {
    // One letter for the whole entry says it all.
    const whole = new Map(
      rejections.flatMap((one) => (one.recordIndex === undefined ? [[one.read, one] as const] : [])),
    );
    const records = rejections.filter((one) => one.recordIndex !== undefined && !whole.has(one.read));
    const lastId = this.parts.reconciler.storedUpTo(shard);
    const note = position && encodeNote({ ...position, lastId });
    return { shard, rejections: [...whole.values(), ...records], note };
  }

  /** A newer epoch ends this quietly: the read that follows finds out who is right. */
  private async finishShard(read: readonly ReadEntry[], outcome: Omit<Outcome, 'settled'>): Promise<void> {
    const { streams, reconciler, metrics } = this.parts;
    const { shard, rejections, note } = outcome;
    const whole = new Set(rejections.flatMap((one) => (one.recordIndex === undefined ? [one.read] : [])));
    const ids = read.filter((one) => !whole.has(one)).map(({ source }) => source.id);
    if (rejections.length > 0) {
      if ((await park(streams, { ...outcome, settled: ids })) === 'stale') return;
      fault('ingest.after-dead-letter');
      this.told(shard, rejections);
    } else {
      const ack = { stream: shard.stream, group: PROCESSOR_GROUP, epoch: shard.lease.epoch, ids };
      const answer = await streams.ackOwned({ ...ack, ...(note === undefined ? {} : { note }) });
      if (answer === 'stale') return;
    }
    metrics.entries.inc({ result: 'stored' }, ids.length);
    const last = read.map(({ source }) => source.id).reduce(laterId);
    reconciler.settledUpTo(shard, last);
  }

  private told({ stream }: OwnedShard, rejections: readonly Rejection[]): void {
    const { metrics, logger } = this.parts;
    metrics.entries.inc({ result: 'parked' }, rejections.length);
    for (const { read, recordIndex, code, message } of rejections) {
      logger.warn({ event: 'entry_parked', stream, id: read.source.id, recordIndex, code, message });
    }
  }
}
