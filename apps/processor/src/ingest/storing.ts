import { type Ownership } from '@app/common/leases';
import { type SinkService } from '../sink';
import { type BatchSize } from './batch-size';
import { blameOf } from './blame';
import { type Rejection, rejection } from './dead-letters';
import { halvesOf, type Piece, recordCount } from './piece';
import { type Reconciler } from './reconciler';
import { type OwnedShard } from './shards';
import { laterId, type StoreLedger } from './store-ledger';
import { type StorePosition } from './store-position';

export interface StoringParts {
  readonly sink: SinkService;
  readonly ownership: Pick<Ownership, 'protect'>;
  readonly ledger: StoreLedger;
  readonly reconciler: Pick<Reconciler, 'storedUpTo'>;
  readonly size: BatchSize;
  readonly maxAttempts: number;
  readonly onStored: () => void;
}

export interface StoredBatch {
  readonly rejections: readonly Rejection[];
  /** Where the database's log stood behind the last commit; undefined where nothing was committed. */
  readonly position: StorePosition | undefined;
}

/** Batches into the database; a record that it refuses is looked for by halves, and fails alone. */
export class Storing {
  constructor(private readonly parts: StoringParts) {}

  /** @throws what is no record's fault; what was committed before it comes again and changes nothing then. */
  async store(pieces: readonly Piece[]): Promise<StoredBatch> {
    const [first] = pieces;
    if (first === undefined) return { rejections: [], position: undefined };
    try {
      return await this.write(pieces);
    } catch (error) {
      const { size, maxAttempts } = this.parts;
      const deliveries = Math.max(...pieces.map(({ read }) => read.deliveries));
      const blame = blameOf(error, deliveries, maxAttempts);
      if (blame === 'size') size.tooSlow();
      if (blame === 'nobody' || blame === 'us') throw error;
      const halves = halvesOf(pieces);
      if (halves !== undefined) return this.storeHalves(halves);
      if (blame === 'size') throw error;
      return { rejections: [rejection(first.read, error, first.indexes[0])], position: undefined };
    }
  }

  private async storeHalves([one, other]: readonly [Piece[], Piece[]]): Promise<StoredBatch> {
    const before = await this.store(one);
    const after = await this.store(other);
    return {
      rejections: [...before.rejections, ...after.rejections],
      position: after.position ?? before.position,
    };
  }

  private async write(pieces: readonly Piece[]): Promise<StoredBatch> {
    const { sink, ownership, ledger, reconciler, size, onStored } = this.parts;
    const leases = [...new Set(pieces.map(({ read }) => read.shard.lease))];
    const lastIds = lastIdsOf(pieces);
    let positionOf: (() => StorePosition) | undefined;
    const startedAt = performance.now();
    const { refused } = await sink.write(pieces, async (transaction) => {
      positionOf = ledger.positionAfter(transaction);
      // The fence first: the server takes them in this order, and all with the records.
      await Promise.all([ownership.protect(transaction, leases), ledger.save(transaction, lastIds)]);
    });
    size.committed(recordCount(pieces), performance.now() - startedAt);
    for (const [shard, id] of lastIds) reconciler.storedUpTo(shard, id);
    const position = positionOf?.();
    onStored();
    const rejections = refused.map(({ entry, refusal }) => ({
      ...{ read: entry.read, message: refusal },
      code: 'UNKNOWN_DEVICE' as const,
    }));
    return { rejections, position };
  }
}

/** How far each shard is when these are stored: a first half of an entry does not count. */
function lastIdsOf(pieces: readonly Piece[]): Map<OwnedShard, string> {
  const lastIds = new Map<OwnedShard, string>();
  for (const { read, isLast } of pieces) {
    if (!isLast) continue;
    const { shard, source } = read;
    lastIds.set(shard, laterId(lastIds.get(shard) ?? source.id, source.id));
  }
  return lastIds;
}
