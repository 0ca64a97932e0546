import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type OdographError } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { type Logger } from '@app/common/observability';
import { compareEntryIds, type OwnedStreams, STREAM_START } from '@app/common/streams';
import { type IngestMetrics } from './ingest.metrics';
import { type SinkService } from '../sink';
import { type OwnedShard } from './shards';
import { laterId, type StoreLedger } from './store-ledger';
import { decodeNote, shardRegressionOf, type StorePosition } from './store-position';

export interface ReconcilerParts {
  readonly streams: OwnedStreams;
  readonly ownership: Ownership;
  readonly ledger: StoreLedger;
  readonly sink: Pick<SinkService, 'forgetStates'>;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly consumer: string;
}

/** Reading again after a restore: until the stream's last id of that time has been stored. */
interface Rewind {
  readonly reason: string;
  readonly untilId: string;
}

/**
 * Compares what the database and the stream know of each other before a shard is read for the first time, and again
 * when either may have been put back to an earlier time. What the database lost is read again; what the stream lost is
 * named.
 */
export class Reconciler {
  private compared = new WeakSet<Lease>();
  /** By stream: how far the database has the shard. */
  private readonly progress = new Map<string, string>();
  private readonly rewinds = new Map<string, Rewind>();

  constructor(private readonly parts: ReconcilerParts) {}

  /** Why shards are being read again, by stream. */
  get rewinding(): ReadonlyMap<string, string> {
    return new Map([...this.rewinds].map(([stream, { reason }]) => [stream, reason]));
  }

  /** The database says that it is not where it was seen: every shard is compared again. */
  databaseBehind({ code, message }: OdographError): void {
    this.parts.logger.error({ event: 'database_behind', code, reason: message });
    this.reset();
  }

  /** The stores may not be what they were: nothing is taken for granted any more. */
  reset(): void {
    this.parts.ledger.forget();
    // The versions of a restored database come again, with other states.
    this.parts.sink.forgetStates();
    this.compared = new WeakSet();
  }

  /** Before the shards are read. @throws what a store throws */
  async reconcile(shards: readonly OwnedShard[]): Promise<void> {
    const unknown = shards.filter(({ lease }) => !this.compared.has(lease));
    if (unknown.length === 0) return;
    const { ledger } = this.parts;
    const position = await ledger.position();
    const progress = await ledger.progress(unknown);
    for (const shard of unknown) {
      await this.compare(shard, position, progress.get(shard) ?? STREAM_START);
      this.compared.add(shard.lease);
    }
  }

  /** The highest id whose records the database has; records it is told of are stored. */
  storedUpTo(shard: OwnedShard, id?: string): string {
    const before = this.progress.get(shard.stream) ?? STREAM_START;
    if (id === undefined) return before;
    const after = laterId(before, id);
    this.progress.set(shard.stream, after);
    return after;
  }

  /** Everything up to the id is settled. */
  settledUpTo(shard: OwnedShard, id: string): void {
    const rewind = this.rewinds.get(shard.stream);
    if (rewind === undefined || compareEntryIds(id, rewind.untilId) < 0) return;
    this.rewinds.delete(shard.stream);
    this.parts.logger.info({ event: 'shard_read_again', stream: shard.stream, upTo: rewind.untilId });
  }

  isRewinding({ stream }: OwnedShard, id: string): boolean {
    const rewind = this.rewinds.get(stream);
    return rewind !== undefined && compareEntryIds(id, rewind.untilId) <= 0;
  }

  /** A stream has a newer epoch than our lease. */
  async contest(shard: OwnedShard, seenEpoch: bigint): Promise<void> {
    const { ownership, logger, metrics } = this.parts;
    if ((await ownership.contest(shard.lease, seenEpoch)) === 'lost') return;
    metrics.restores.inc({ store: 'database' });
    logger.error({
      ...{ event: 'database_behind', code: 'DATABASE_BEHIND', stream: shard.stream },
      reason: `its lease has epoch ${shard.lease.epoch} and the stream has seen ${seenEpoch}`,
    });
    // The note of that time tells the rest.
    this.reset();
  }

  private async compare(shard: OwnedShard, position: StorePosition, stored: string): Promise<void> {
    const { note: text, lastId } = await this.parts.streams.ownedState(shard.stream);
    const note = text === undefined ? undefined : decodeNote(text);
    this.progress.set(shard.stream, stored);
    if (compareEntryIds(stored, lastId) > 0) await this.nameLoss(shard, lastId, stored);
    const regression = note && shardRegressionOf(note, position, stored);
    if (regression !== undefined) await this.rewind(shard, regression, lastId);
  }

  private async rewind(shard: OwnedShard, reason: string, untilId: string): Promise<void> {
    const { streams, logger, metrics } = this.parts;
    const { stream, lease } = shard;
    // A newer epoch: the read that follows finds out who is right.
    if ((await streams.rewindOwned({ stream, group: PROCESSOR_GROUP, epoch: lease.epoch })) === 'stale')
      return;
    metrics.restores.inc({ store: 'database' });
    logger.error({
      event: 'database_behind',
      code: 'DATABASE_BEHIND',
      stream,
      reason,
      readAgainUpTo: untilId,
    });
    this.rewinds.set(stream, { reason, untilId });
  }

  private async nameLoss(shard: OwnedShard, lastId: string, stored: string): Promise<void> {
    const { ledger, logger, metrics, consumer } = this.parts;
    const loss = { stream: shard.stream, afterId: lastId, lastId: stored };
    metrics.restores.inc({ store: 'redis' });
    logger.error({ event: 'stream_behind', code: 'STREAM_BEHIND', ...loss });
    await ledger.recordLoss({ ...loss, source: 'sink', reportedBy: consumer });
    await ledger.lower(shard, lastId);
    this.progress.set(shard.stream, lastId);
  }
}
