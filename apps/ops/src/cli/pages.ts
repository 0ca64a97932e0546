import { type Column, formatTable } from './table';

export type PageForm = 'csv' | 'json' | 'table';

/** Rows as text, page by page: CSV with a header row, one JSON array, or a table with its heading once. */
export async function* pagedText<Row extends object>(
  form: PageForm,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  let isFirst = true;
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    yield pageText(form, columns, rows, isFirst);
    isFirst = false;
  }
  if (form === 'json') yield isFirst ? '[]\n' : '\n]\n';
  else if (isFirst) yield form === 'csv' ? csvLine(namesOf(columns)) : formatTable(columns, []);
}

function pageText<Row extends object>(
  form: PageForm,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  isFirst: boolean,
): string {
  if (form === 'json') {
    return rows
      .map((row, index) => `${isFirst && index === 0 ? '[\n' : ',\n'}${JSON.stringify(row)}`)
      .join('');
  }
  if (form === 'csv') {
    const header = isFirst ? [csvLine(namesOf(columns))] : [];
    return [...header, ...rows.map((row) => csvLine(columns.map(({ of }) => of(row))))].join('');
  }
  const table = formatTable(columns, rows);
  return isFirst ? table : table.slice(table.indexOf('\n') + 1);
}

const namesOf = <Row>(columns: readonly Column<Row>[]): string[] =>
  columns.map(({ heading }) => heading.toLowerCase());

type CsvCell = string | number | boolean | Date | null | undefined;

/** RFC 4180; nothing is an empty cell, a time is ISO 8601. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\n`;
}

function csvCell(cell: CsvCell): string {
  if (cell === null || cell === undefined) return '';
  const text = cell instanceof Date ? cell.toISOString() : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
