import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change, DEFAULT_TENANT } from '../cli';
import dropPartitions from './sql/drop-partitions.sql';
import ensurePartitions from './sql/ensure-partitions.sql';
import listPartitions from './sql/list-partitions.sql';

const LIST = statement('partitions_list', listPartitions);
const ENSURE = statement('partitions_ensure', ensurePartitions);
const DROP = statement('partitions_drop', dropPartitions);
const DAY_MS = 86_400_000;

/** A table of one day's positions, or the one that catches all other times. */
export interface PartitionRow {
  readonly name: string;
  /** First and first later moment; null for DEFAULT. */
  readonly from: string | null;
  readonly to: string | null;
  readonly rows_estimate: number;
  readonly size_bytes: number;
  /** From when on all of it is older than what is kept; null for DEFAULT. */
  readonly droppable_from: string | null;
}

interface ListedRow {
  readonly name: string;
  readonly day: string | null;
  readonly rows_estimate: bigint;
  readonly size_bytes: bigint;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export async function partitionsOf(source: QuerySource, keepMs: number): Promise<readonly PartitionRow[]> {
  const rows = await source.query<ListedRow>(LIST);
  return rows.map(({ name, day, rows_estimate: rowsEstimate, size_bytes: sizeBytes }) => {
    const endMs = day === null ? null : Date.parse(day) + DAY_MS;
    return {
      ...{ name, from: day, to: endMs === null ? null : dayOf(endMs) },
      ...{ rows_estimate: Number(rowsEstimate), size_bytes: Number(sizeBytes) },
      droppable_from: endMs === null ? null : dayOf(endMs + keepMs),
    };
  });
}

export async function makePartitions(
  transaction: Transaction,
  daysBack: number,
  daysAhead: number,
): Promise<Change<object>> {
  const [row] = await transaction.query<{ made: number }>(ENSURE, [daysBack, daysAhead]);
  const made = row?.made ?? 0;
  return {
    outcome: made > 0 ? 'added' : 'unchanged',
    ...{ tenantId: DEFAULT_TENANT, subject: 'telemetry.position', before: null },
    after: { made, days_back: daysBack, days_ahead: daysAhead },
  };
}

/** The days that end at or before `before`. @throws OdographError INPUT_INVALID where they are within what is kept. */
export async function droppableBefore(
  source: QuerySource,
  before: string,
  keepMs: number,
): Promise<readonly PartitionRow[]> {
  const oldestKept = dayOf(Date.now() - keepMs);
  if (before > oldestKept) {
    throw new OdographError('INPUT_INVALID', {
      detail: `--before ${before} is within what is kept: POSITION_RETENTION keeps from ${oldestKept} on`,
    });
  }
  return (await partitionsOf(source, keepMs)).filter(({ from }) => from !== null && from < before);
}

/** @returns a change for each day; one that is in use is left, and is not among them. */
export async function dropDays(
  transaction: Transaction,
  before: string,
  keepMs: number,
): Promise<readonly Change<PartitionRow>[]> {
  const chosen = await droppableBefore(transaction, before, keepMs);
  const [row] = await transaction.query<{ dropped: string[] }>(DROP, [before, keepMs]);
  const dropped = new Set(row?.dropped ?? []);
  return chosen
    .filter(({ name }) => dropped.has(name))
    .map((partition) => ({
      ...{ outcome: 'removed' as const, tenantId: DEFAULT_TENANT, subject: `telemetry.${partition.name}` },
      ...{ before: partition, after: null },
    }));
}
