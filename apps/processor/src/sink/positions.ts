import { statement, type Transaction } from '@app/common/database';
import { type Arrival, POSITION_COLUMNS } from './position-columns';
import insertPositions from './sql/insert-positions.sql';

const NAMES = POSITION_COLUMNS.map(({ name }) => name).join(', ');
const ARRAYS = POSITION_COLUMNS.map(({ type }, index) => `unnest($${index + 1}::${type}[])`).join(', ');
const INSERT = statement(
  'sink_insert-positions',
  insertPositions.replace('{columns}', () => NAMES).replace('{arrays}', () => ARRAYS),
);

/** Which records of a batch were new; their ordinals count through the arrivals' records. */
export interface NewRecords {
  readonly count: number;
  has(ordinal: number): boolean;
}

interface Inserted {
  readonly added: number;
  readonly keys: Buffer | null;
}

const NONE: NewRecords = { count: 0, has: () => false };

/** Stores the records and says which of them were new. */
export async function storePositions(
  transaction: Transaction,
  arrivals: readonly Arrival[],
): Promise<NewRecords> {
  const rows = arrivals.reduce((sum, { records }) => sum + records.length, 0);
  if (rows === 0) return NONE;
  const parameters = POSITION_COLUMNS.map((column) => column.encode(arrivals, rows));
  const [inserted] = await transaction.query<Inserted & Record<string, unknown>>(INSERT, parameters);
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
