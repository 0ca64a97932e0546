import { shardOfLease } from '@app/common/contracts';
import { isOutage, sqlStateOf } from '@app/common/database';
import { hasCode } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { fault } from '@app/common/observability';
import { type BatchSize } from './batch-size';
import { type Breaker } from './breaker';
import { type ReadEntry } from './dead-letters';
import { type Decoded, type Decoding } from './decoding';
import { type Finished, type Finisher } from './finisher';
import { batchesOf, type Piece, recordCount } from './piece';
import { type Reconciler } from './reconciler';
import { type ShardReader } from './shard-reader';
import { ownedShard } from './shards';
import { type Storing } from './storing';

export interface LaneParts {
  readonly index: number;
  readonly lanes: number;
  readonly ownership: Ownership;
  readonly breaker: Breaker;
  readonly reconciler: Reconciler;
  readonly reader: ShardReader;
  readonly decoding: Decoding;
  readonly storing: Storing;
  readonly finisher: Finisher;
  readonly size: BatchSize;
}

/** Longest rest of an idle lane; arrivals end it earlier. */
const SAFETY_REST_MS = 250;

/**
 * One transaction at a time over the shards that belong to it: read, decode, store, then acknowledge. What ends half-way
 * is pending still and comes again first; storing it again changes nothing.
 */
export class Lane {
  private failingSinceMs: number | undefined;
  /** Read, and not stored since the database was out: reading it again would spend a delivery on the outage. */
  private held: readonly ReadEntry[] = [];
  private inHand: readonly ReadEntry[] = [];

  constructor(private readonly parts: LaneParts) {}

  /** Resolves to how long to rest: not at all while there is something to do. */
  async round(): Promise<number> {
    const { ownership, breaker, index, lanes } = this.parts;
    const waitMs = await breaker.enter();
    if (waitMs > 0) return waitMs;
    const leases = ownership.usable().filter(({ name }) => shardOfLease(name) % lanes === index);
    if (leases.length === 0) return SAFETY_REST_MS;
    try {
      const entries = await ownership.use(leases, (usable) => this.process(usable));
      this.failingSinceMs = undefined;
      return entries > 0 ? 0 : SAFETY_REST_MS;
    } catch (error) {
      this.failingSinceMs ??= Date.now();
      throw error;
    }
  }

  private async process(leases: readonly Lease[]): Promise<number> {
    const { breaker, reconciler } = this.parts;
    try {
      this.inHand = await this.next(leases);
      if (this.inHand.length === 0) return 0;
      const { length } = this.inHand;
      fault('ingest.after-read');
      await this.store(this.inHand);
      return length;
    } catch (error) {
      const { length } = this.inHand;
      // Ownership has dropped what is lost; what was read is the new owner's, and the rest comes again.
      if (hasCode(error, 'LEASE_LOST')) return length;
      if (hasCode(error, 'DATABASE_BEHIND')) {
        reconciler.databaseBehind(error);
        return Math.max(1, length);
      }
      if (isOutage(error)) breaker.failed(error);
      if (isOutage(error) || sqlStateOf(error) !== undefined) this.held = this.inHand;
      throw error;
    } finally {
      this.inHand = [];
    }
  }

  /** What is held goes first, where it is ours still. */
  private async next(leases: readonly Lease[]): Promise<readonly ReadEntry[]> {
    const { reconciler, reader, size } = this.parts;
    const shards = leases.map(ownedShard);
    await reconciler.reconcile(shards);
    const held = this.held.filter(({ shard }) => leases.includes(shard.lease));
    this.held = [];
    if (held.length > 0) return held;
    return shards.length === 0 ? [] : reader.read(shards, size.records);
  }

  private async store(read: readonly ReadEntry[]): Promise<void> {
    const { decoding, reader, storing, size } = this.parts;
    const decoded = await decoding.decode(read);
    const { pieces } = decoded;
    reader.decoded(pieces.length, recordCount(pieces));
    await this.finishUnstored(decoded);
    for (let rest = pieces; rest.length > 0;) {
      // As large as the last one allows.
      const [batch = []] = batchesOf(rest, size.records);
      const taken = new Set(batch);
      rest = rest.filter((piece) => !taken.has(piece));
      const { rejections, position } = await storing.store(batch);
      await this.finish(batch, [...rejectionsOf(decoded, batch), ...rejections], position);
    }
    if (decoded.failure !== undefined) throw decoded.failure;
  }

  /** Entries that bring nothing to store: those that cannot pass, and those that have been parked before. */
  private async finishUnstored({ pieces, rejections, done }: Decoded): Promise<void> {
    const stored = new Set(pieces.map(({ read }) => read));
    const whole = rejections.filter(({ read }) => !stored.has(read));
    const read = [...new Set([...whole.map((one) => one.read), ...done])];
    if (read.length > 0) await this.settle({ read, rejections: whole, position: undefined });
  }

  private async finish(
    batch: readonly Piece[],
    rejections: Finished['rejections'],
    position: Finished['position'],
  ): Promise<void> {
    await this.settle({ read: batch.map(({ read }) => read), rejections, position });
  }

  private async settle(finished: Omit<Finished, 'firstFailedAtMs'>): Promise<void> {
    const firstFailedAtMs = this.failingSinceMs ?? Date.now();
    await this.parts.finisher.finish({ ...finished, firstFailedAtMs });
    const settled = new Set(finished.read);
    this.inHand = this.inHand.filter((one) => !settled.has(one));
  }

  /** Ids by stream of what is read and not settled. */
  snapshot(): Record<string, readonly string[]> {
    const ids: Record<string, string[]> = {};
    for (const { shard, source } of [...this.held, ...this.inHand])
      (ids[shard.stream] ??= []).push(source.id);
    return ids;
  }
}

function rejectionsOf({ rejections }: Decoded, batch: readonly Piece[]): Finished['rejections'] {
  const read = new Set(batch.map((piece) => piece.read));
  return rejections.filter((one) => read.has(one.read));
}
