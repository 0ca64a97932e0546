import { shardOfLease } from '@app/common/contracts';
import { type AfterCommit, type Database, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { compareEntryIds, STREAM_START } from '@app/common/streams';
import { type OwnedShard } from './shards';
import leftInDefault from './sql/left-in-default.sql';
import lowerProgress from './sql/lower-progress.sql';
import recordLoss from './sql/record-loss.sql';
import saveProgress from './sql/save-progress.sql';
import shardProgress from './sql/shard-progress.sql';
import storePosition from './sql/store-position.sql';
import { regressionOf, type StorePosition } from './store-position';

const POSITION = statement('ingest_store-position', storePosition);
const SAVE = statement('ingest_save-progress', saveProgress);
const PROGRESS = statement('ingest_shard-progress', shardProgress);
const LOWER = statement('ingest_lower-progress', lowerProgress);
const LOSS = statement('ingest_record-loss', recordLoss);
const LEFT_IN_DEFAULT = statement('ingest_left-in-default', leftInDefault);

/** Entries that Redis had confirmed and holds no more: behind `afterId` up to `lastId`. */
export interface StreamLoss {
  readonly stream: string;
  readonly imei?: string;
  readonly afterId: string;
  readonly lastId: string;
  readonly source: 'sink' | 'edge' | 'pending';
  readonly reportedBy: string;
}

/** What the database says of itself and of the shards, by which a restored one is noticed. */
export class StoreLedger {
  private seen: StorePosition | undefined;

  constructor(private readonly database: Database) {}

  /**
   * Also a probe: it passes where the database takes writes.
   *
   * @throws OdographError DATABASE_BEHIND where it is not at or ahead of what this process has seen; the database's
   * error where it is in recovery or does not answer.
   */
  async position(): Promise<StorePosition> {
    // Taken before the question: another lane may see more while this answer is on its way.
    const { seen } = this;
    const [row] = await this.database.query<StoredPosition>(POSITION);
    return this.see(positionOf(row), seen);
  }

  /** From now on what the database says is taken as it is. */
  forget(): void {
    this.seen = undefined;
  }

  /**
   * The same behind a transaction's commit, from the server that took it. To be called when that is done; it throws as
   * {@link position} does.
   */
  positionAfter(transaction: Transaction): () => StorePosition {
    const { seen } = this;
    const answer: AfterCommit<StoredPosition> = transaction.afterCommit(POSITION);
    return () => this.see(positionOf(answer.rows()[0]), seen);
  }

  /** Goes with the records of a transaction. @throws OdographError DATABASE_BEHIND */
  async save(transaction: Transaction, lastIds: ReadonlyMap<OwnedShard, string>): Promise<void> {
    const { seen } = this;
    const ids = [...lastIds.values()].map((id) => id.split('-'));
    const [row] = await transaction.query<StoredPosition>(SAVE, [
      [...lastIds.keys()].map(numberOf),
      ids.map(([ms]) => ms),
      ids.map(([, sequence]) => sequence),
    ]);
    check(seen, positionOf(row));
  }

  /** The last stored id of each shard, `0-0` where nothing is. */
  async progress(shards: readonly OwnedShard[]): Promise<Map<OwnedShard, string>> {
    const rows = await this.database.query<{ shard: number; last_id: string }>(PROGRESS, [
      shards.map(numberOf),
    ]);
    const byNumber = new Map(rows.map(({ shard, last_id }) => [shard, last_id]));
    return new Map(shards.map((shard) => [shard, byNumber.get(numberOf(shard)) ?? STREAM_START]));
  }

  /** The stream has lost its tail: what comes next may have ids below those that are stored. */
  async lower(shard: OwnedShard, lastId: string): Promise<void> {
    await this.database.query(LOWER, [numberOf(shard), ...lastId.split('-')]);
  }

  /** A repeat changes nothing. */
  async recordLoss({ stream, imei, afterId, lastId, source, reportedBy }: StreamLoss): Promise<void> {
    await this.database.query(LOSS, [stream, imei ?? null, afterId, lastId, source, reportedBy]);
  }

  /** Records in the DEFAULT partition whose day should have a table. */
  async leftInDefault(retentionMs: number): Promise<number> {
    const [row] = await this.database.query<{ records: number }>(LEFT_IN_DEFAULT, [retentionMs]);
    return row?.records ?? 0;
  }

  private see(position: StorePosition, before: StorePosition | undefined): StorePosition {
    check(before, position);
    if (this.seen === undefined || position.lsn > this.seen.lsn) this.seen = position;
    return position;
  }
}

export const numberOf = ({ lease }: OwnedShard): number => shardOfLease(lease.name);

export const laterId = (a: string, b: string): string => (compareEntryIds(a, b) < 0 ? b : a);

interface StoredPosition extends Record<string, unknown> {
  readonly system: string;
  readonly timeline: string;
  readonly lsn: bigint;
}

function positionOf(row: StoredPosition | undefined): StorePosition {
  if (row === undefined) throw new Error('the database does not say where its log stands');
  return { system: row.system, timeline: row.timeline, lsn: row.lsn };
}

/** @throws OdographError DATABASE_BEHIND */
function check(seen: StorePosition | undefined, now: StorePosition): void {
  const regression = seen && regressionOf(seen, now);
  if (regression !== undefined) throw new OdographError('DATABASE_BEHIND', { detail: regression });
}
