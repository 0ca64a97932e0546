import {
  BinaryArena,
  databaseErrorOf,
  statement,
  type Statement,
  type Transaction,
} from '@app/common/database';
import { type Arrival, POSITION_COLUMNS } from './position-columns';
import insertNewPositions from './sql/insert-new-positions.sql';
import insertPositions from './sql/insert-positions.sql';

const NAMES = POSITION_COLUMNS.map(({ name }) => name).join(', ');
const ARRAYS = POSITION_COLUMNS.map(({ type }, index) => `unnest($${index + 1}::${type}[])`).join(', ');
const filledIn = (text: string): string =>
  text.replace('{columns}', () => NAMES).replace('{arrays}', () => ARRAYS);
const INSERT = statement('sink_insert-positions', filledIn(insertPositions));
const INSERT_NEW = statement('sink_insert-new-positions', filledIn(insertNewPositions));

/** Which records of a batch were new; their ordinals count through the arrivals' records. */
export interface NewRecords {
  readonly count: number;
  has(ordinal: number): boolean;
}

interface InsertedRow extends Record<string, unknown> {
  readonly added: number;
  readonly keys: Buffer | null;
}

const NONE: NewRecords = { count: 0, has: () => false };

/** As if all were new. */
export const allOf = (arrivals: readonly Arrival[]): NewRecords => ({
  count: countOf(arrivals),
  has: () => true,
});

export const countOf = (arrivals: readonly Arrival[]): number =>
  arrivals.reduce((sum, { records }) => sum + records.length, 0);

/**
 * Stores records that are all new, at half of what it costs the database to look whether they are.
 *
 * @throws the database's error where one is stored already, see {@link isRepeat}; nothing is stored then.
 */
export async function storeNewPositions(
  transaction: Transaction,
  arrivals: readonly Arrival[],
): Promise<void> {
  const rows = countOf(arrivals);
  if (rows > 0) await insert(transaction, INSERT_NEW, arrivals, rows);
}

const UNIQUE_VIOLATION = '23505';

/** True where a record was stored already, or was given twice. */
export function isRepeat(error: unknown): boolean {
  const found = databaseErrorOf(error);
  // The server names the partition.
  return (
    found?.code === UNIQUE_VIOLATION && found.schema === 'telemetry' && /^position_/.test(found.table ?? '')
  );
}

/** Of statements that have been answered. As many as there are lanes. */
const freeArenas: BinaryArena[] = [];

async function insert(
  transaction: Transaction,
  by: Statement,
  arrivals: readonly Arrival[],
  rows: number,
): Promise<InsertedRow[]> {
  const arena = freeArenas.pop() ?? new BinaryArena();
  const columns = POSITION_COLUMNS.map((column) => column.encode(arrivals, rows, arena));
  const inserted = await transaction.query<InsertedRow>(by, columns);
  // Not after a failure: the memory may still be on its way out.
  arena.reuse();
  freeArenas.push(arena);
  return inserted;
}

/** Stores the records and says which of them were new. */
export async function storePositions(
  transaction: Transaction,
  arrivals: readonly Arrival[],
): Promise<NewRecords> {
  const rows = countOf(arrivals);
  if (rows === 0) return NONE;
  const [inserted] = await insert(transaction, INSERT, arrivals, rows);
  if (inserted === undefined || inserted.added === 0) return NONE;
  const { added, keys } = inserted;
  if (keys === null) return { count: added, has: () => true };
  const isNew = matchKeys(arrivals, keys);
  return { count: added, has: (ordinal) => isNew.has(ordinal) };
}

const KEY_BYTES = 24;
const TIME_AT = 8;
const DIGEST_AT = 16;
/** Microseconds from 1970 to 2000, where PostgreSQL begins to count. */
const EPOCH_US = 946_684_800_000_000n;
const INFINITY_US = 2n ** 63n - 1n;

/**
 * The ordinals of the keys. They come in the order in which the records were given, so that one pass finds them all:
 * of records that are given twice the first is the new one.
 *
 * @throws Error where a key is not among the records: the server's order would not be the one we rely on.
 */
function matchKeys(arrivals: readonly Arrival[], keys: Buffer): Set<number> {
  const found = new Set<number>();
  let at = 0;
  let ordinal = 0;
  for (const { device, records } of arrivals) {
    for (let index = 0; index < records.length; index += 1, ordinal += 1) {
      if (at === keys.length) return found;
      if (keys.readBigInt64BE(at + DIGEST_AT) !== records.digest(index)) continue;
      if (keys.readBigInt64BE(at) !== device.id) continue;
      if (keys.readBigInt64BE(at + TIME_AT) !== microsecondsOf(records.timeMs(index))) continue;
      found.add(ordinal);
      at += KEY_BYTES;
    }
  }
  if (at === keys.length) return found;
  throw new Error('the database stored the records of a batch in another order than they were given in');
}

const microsecondsOf = (timeMs: number): bigint =>
  timeMs === Infinity ? INFINITY_US : BigInt(timeMs) * 1000n - EPOCH_US;
