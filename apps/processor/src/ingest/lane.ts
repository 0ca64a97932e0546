import { PROCESSOR_GROUP, shardOfLease } from '@app/common/contracts';
import { hasCode } from '@app/common/errors';
import { type Ownership } from '@app/common/leases';
import { fault, type Logger } from '@app/common/observability';
import { type OwnedStreams } from '@app/common/streams';
import { type SinkEntry, type SinkService } from '../sink';
import { blameOf } from './blame';
import { park, type ReadEntry, type Rejection, rejection } from './dead-letters';
import { type FrameDecoder } from './frame-decoder';
import { type IngestMetrics } from './ingest.metrics';
import { type OwnedShard, ownedShard } from './shards';

export interface LaneParts {
  readonly streams: OwnedStreams;
  readonly ownership: Ownership;
  readonly sink: SinkService;
  readonly decoder: FrameDecoder;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly consumer: string;
  readonly batchEntries: number;
  readonly onStored: () => void;
}

interface IngestEntry extends SinkEntry {
  readonly read: ReadEntry;
}

/** Longest rest of an idle lane; arrivals end it earlier. */
const SAFETY_REST_MS = 250;

/**
 * One transaction at a time over the shards that belong to it: read, decode, store, then acknowledge. What ends half-way
 * is pending still and comes again first; storing it again changes nothing.
 */
export class Lane {
  private failingSinceMs: number | undefined;

  constructor(
    private readonly index: number,
    private readonly lanes: number,
    private readonly parts: LaneParts,
  ) {}

  /** Resolves to how long to rest: not at all while there is something to do. */
  async round(): Promise<number> {
    const { ownership } = this.parts;
    const leases = ownership.usable().filter(({ name }) => shardOfLease(name) % this.lanes === this.index);
    if (leases.length === 0) return SAFETY_REST_MS;
    try {
      const entries = await ownership.use(leases, (usable) => this.process(usable.map(ownedShard)));
      this.failingSinceMs = undefined;
      return entries > 0 ? 0 : SAFETY_REST_MS;
    } catch (error) {
      this.failingSinceMs ??= Date.now();
      throw error;
    }
  }

  private async process(shards: readonly OwnedShard[]): Promise<number> {
    const read = (await Promise.all(shards.map((shard) => this.read(shard, shards.length)))).flat();
    if (read.length === 0) return 0;
    fault('ingest.after-read');
    const { entries, undecodable } = this.decode(read);
    try {
      const rejected = await this.store(entries);
      await this.finish(read, [...undecodable, ...rejected]);
    } catch (error) {
      // Ownership has dropped what is lost; what was read is the new owner's, and the rest comes again.
      if (!hasCode(error, 'LEASE_LOST')) throw error;
    }
    return read.length;
  }

  private async read(shard: OwnedShard, shardCount: number): Promise<ReadEntry[]> {
    const { streams, consumer, batchEntries, metrics, logger } = this.parts;
    const result = await streams.readOwned({
      stream: shard.stream,
      group: PROCESSOR_GROUP,
      consumer,
      epoch: shard.lease.epoch,
      count: Math.ceil(batchEntries / shardCount),
    });
    if (result.kind === 'stale') {
      this.parts.ownership.lost(shard.lease);
      return [];
    }
    const { entries, redelivered, deliveries, lostIds } = result;
    if (lostIds.length > 0) {
      metrics.lostEntries.inc(lostIds.length);
      logger.error({ event: 'pending_entries_lost', stream: shard.stream, ids: lostIds });
    }
    if (redelivered) metrics.entries.inc({ result: 'redelivered' }, entries.length);
    return entries.map((source) => ({ shard, source, deliveries: deliveries.get(source.id) ?? 1 }));
  }

  private decode(read: readonly ReadEntry[]): { entries: IngestEntry[]; undecodable: Rejection[] } {
    const entries: IngestEntry[] = [];
    const undecodable: Rejection[] = [];
    for (const one of read) {
      try {
        entries.push({ ...this.parts.decoder.decode(one.source), read: one });
      } catch (error) {
        undecodable.push(rejection(one, error));
      }
    }
    return { entries, undecodable };
  }

  /** Stores the entries; one that the database refuses is looked for by halves, and fails alone. */
  private async store(entries: readonly IngestEntry[]): Promise<Rejection[]> {
    const [first] = entries;
    if (first === undefined) return [];
    try {
      return await this.write(entries);
    } catch (error) {
      const blame = blameOf(error, Math.max(...entries.map(({ read }) => read.deliveries)));
      if (blame === 'nobody') throw error;
      if (entries.length > 1) {
        const middle = entries.length >> 1;
        const rejected = await this.store(entries.slice(0, middle));
        return [...rejected, ...(await this.store(entries.slice(middle)))];
      }
      if (blame === 'size') throw error;
      return [rejection(first.read, error)];
    }
  }

  private async write(entries: readonly IngestEntry[]): Promise<Rejection[]> {
    const { sink, ownership, onStored } = this.parts;
    const leases = [...new Set(entries.map(({ read }) => read.shard.lease))];
    const { refused } = await sink.write(entries, (transaction) => ownership.protect(transaction, leases));
    onStored();
    return refused.map(({ entry, refusal }) => ({
      read: entry.read,
      code: 'UNKNOWN_DEVICE' as const,
      message: refusal,
    }));
  }

  /** Everything is durable now: parks what cannot pass and acknowledges the rest, shard by shard. */
  private async finish(read: readonly ReadEntry[], rejected: readonly Rejection[]): Promise<void> {
    const shards = [...new Set(read.map(({ shard }) => shard))];
    await Promise.all(
      shards.map((shard) =>
        this.finishShard(
          shard,
          read.filter((one) => one.shard === shard),
          rejected.filter((one) => one.read.shard === shard),
        ),
      ),
    );
    fault('ingest.after-ack');
  }

  private async finishShard(
    shard: OwnedShard,
    read: readonly ReadEntry[],
    rejected: readonly Rejection[],
  ): Promise<void> {
    const { streams, ownership, metrics } = this.parts;
    if (rejected.length > 0 && (await this.park(shard, rejected)) === 'stale')
      return ownership.lost(shard.lease);
    const parked = new Set(rejected.map((one) => one.read));
    const ids = read.filter((one) => !parked.has(one)).map(({ source }) => source.id);
    if (ids.length === 0) return;
    const { epoch } = shard.lease;
    const answer = await streams.ackOwned({ stream: shard.stream, group: PROCESSOR_GROUP, epoch, ids });
    if (answer === 'stale') return ownership.lost(shard.lease);
    metrics.entries.inc({ result: 'stored' }, ids.length);
  }

  private async park(shard: OwnedShard, rejected: readonly Rejection[]): Promise<'parked' | 'stale'> {
    const { streams, metrics, logger } = this.parts;
    const answer = await park(streams, shard, rejected, this.failingSinceMs ?? Date.now());
    if (answer === 'stale') return answer;
    fault('ingest.after-dead-letter');
    metrics.entries.inc({ result: 'parked' }, rejected.length);
    for (const { read, code, message } of rejected) {
      logger.warn({ event: 'entry_parked', stream: shard.stream, id: read.source.id, code, message });
    }
    return answer;
  }
}
