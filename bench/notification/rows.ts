import { type Client } from 'pg';

/** What a table's rows say beyond the table's defaults: what an INSERT of them has to name. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly Column[];
  /** By column, texts as the server prints them. */
  readonly values: readonly (readonly (string | null)[])[];
  readonly count: number;
}

export interface Column {
  readonly name: string;
  /** As `format_type` says it. */
  readonly type: string;
  readonly hasDefault: boolean;
}

const COLUMNS = `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, atthasdef AS "hasDefault"
  FROM pg_attribute
  WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
  ORDER BY attnum`;

/**
 * Reads a table. `orderBy` is an SQL expression: rows of two tables that are ordered alike can be cut into batches
 * that belong together.
 */
export async function readTable(client: Client, table: string, orderBy: string): Promise<TableRows> {
  const { rows: columns } = await client.query<Column>(COLUMNS, [table]);
  const list = columns.map(({ name }) => `${name}::text`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${list} FROM ${table} ORDER BY ${orderBy}`,
    rowMode: 'array',
  });
  const values = columns.map((_, i) => rows.map((row) => row[i] ?? null));
  const wanted = columns.map((column, i) => isSaid(column, values[i] ?? []));
  return {
    table,
    columns: columns.filter((_, i) => wanted[i]),
    values: values.filter((_, i) => wanted[i]),
    count: rows.length,
  };
}

/** Not where no row has a value, nor where the default says the same in all: a constant, or the time of the insert. */
function isSaid({ type, hasDefault }: Column, values: readonly (string | null)[]): boolean {
  const distinct = new Set(values);
  if (distinct.size === 1 && distinct.has(null)) return false;
  return !hasDefault || (distinct.size > 1 && !type.startsWith('timestamp'));
}

/** One INSERT of so many rows as there are in the arrays. */
export function insertOf({ table, columns }: TableRows): string {
  const isArray = (type: string): boolean => type.endsWith('[]');
  const names = columns.map(({ name }) => name).join(', ');
  const picks = columns.map(({ type }, i) => (isArray(type) ? `c${i}::${type}` : `c${i}`)).join(', ');
  const params = columns.map(({ type }, i) => `$${i + 1}::${isArray(type) ? 'text' : type}[]`).join(', ');
  const aliases = columns.map((_, i) => `c${i}`).join(', ');
  return `INSERT INTO ${table} (${names}) SELECT ${picks} FROM unnest(${params}) AS r (${aliases})`;
}
