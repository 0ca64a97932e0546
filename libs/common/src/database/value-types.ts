import { types, type CustomTypesConfig } from 'pg';

/** Types whose values JavaScript's numbers cannot carry (pg_type.oid). */
const INT8 = 20;
const INT8_ARRAY = 1016;
const XID8 = 5069;

/**
 * How our pools read values: int8 and xid8 as bigint, numeric as string, timestamptz as Date (`infinity` becomes the
 * number Infinity). Local to them, since TypeORM reads through the global table of pg and expects strings there.
 */
export const valueTypes: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (format !== 'binary' && (oid === INT8 || oid === XID8)) return BigInt;
    if (format !== 'binary' && oid === INT8_ARRAY) return parseBigintArray;
    return types.getTypeParser(oid, format);
  },
};

/** One dimension, `{1,NULL,-2}`: numbers need none of the quoting of other arrays. */
function parseBigintArray(text: string): (bigint | null)[] {
  const inner = text.slice(1, -1);
  if (inner === '') return [];
  return inner.split(',').map((entry) => (entry === 'NULL' ? null : BigInt(entry)));
}
