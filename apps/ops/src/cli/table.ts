/** One column of a table for people: its heading and what to show of a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly of: (row: Row) => Cell;
}

export type Cell = string | number | boolean | Date | null | undefined;

/** Aligned columns with a heading line; without rows a sentence, since an empty table looks like a failure. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  if (rows.length === 0) return 'none\n';
  const lines = [
    columns.map(({ heading }) => heading),
    ...rows.map((row) => columns.map(({ of }) => cellText(of(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)));
  return lines.map((line) => `${alignLine(line, widths)}\n`).join('');
}

/** One thing, a line for each of its fields. */
export function formatFields(fields: object): string {
  const entries = Object.entries(fields).map(([name, value]) => [name, fieldText(value)] as const);
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}

function alignLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join('  ')
    .trimEnd();
}

function fieldText(value: unknown): string {
  if (value instanceof Date || value === null || value === undefined) return cellText(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return cellText(value);
  return JSON.stringify(value);
}

/** Control characters in a stored name would otherwise write on the operator's screen wherever they like. */
function cellText(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  // eslint-disable-next-line no-control-regex
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f]/g, '�');
}
