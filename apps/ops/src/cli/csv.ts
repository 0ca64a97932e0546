import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { OdographError } from '@app/common/errors';
import { check } from './input';
import { refuse, type Drafted, type Misfit } from './drafted';

const parsedSchema = z.array(
  z.object({ record: z.array(z.string()), raw: z.string(), info: z.object({ lines: z.number() }) }),
);

interface Line {
  /** As an editor counts, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads a CSV file with a header row into checked drafts. Columns may stand in any order; an empty cell is a field left
 * out.
 *
 * @throws OdographError INPUT_INVALID naming line and column of what does not fit; nothing of the file is used then.
 */
export function readCsv<Draft>(
  text: string,
  schema: z.ZodType<Draft>,
  columns: readonly string[],
): Drafted<Draft>[] {
  const [header, ...body] = linesOf(text);
  if (header === undefined) throw new OdographError('INPUT_INVALID', { detail: 'the file is empty' });
  const names = checkHeader(header, columns);
  const drafts: Drafted<Draft>[] = [];
  const misfits: Misfit[] = [];
  for (const { line, cells } of body) {
    const place = `line ${line}`;
    const fields = Object.fromEntries(
      names.flatMap((name, index) => (cells[index] ? [[name, cells[index]]] : [])),
    );
    const result = check(schema, fields);
    if ('value' in result) drafts.push({ place, draft: result.value });
    else misfits.push(...result.problems.map((problem) => ({ place, ...problem })));
  }
  refuse(misfits, 'column');
  return drafts;
}

function checkHeader({ line, cells }: Line, columns: readonly string[]): readonly string[] {
  const unknown = cells.filter((name) => !columns.includes(name));
  const repeated = cells.filter((name, index) => cells.indexOf(name) !== index);
  const problem =
    (unknown.length > 0 && `unknown column ${unknown.map((name) => JSON.stringify(name)).join(', ')}`) ||
    (repeated.length > 0 && `column ${repeated.join(', ')} stands twice`);
  if (problem) {
    throw new OdographError('INPUT_INVALID', {
      detail: `line ${line}: ${problem}; the header row may name ${columns.join(', ')}`,
    });
  }
  return cells;
}

function linesOf(text: string): Line[] {
  try {
    // The parser counts a CRLF inside quotes as two lines.
    const parsed = parse(text.replace(/\r\n?/g, '\n'), {
      bom: true,
      info: true,
      raw: true,
      skip_empty_lines: true,
      trim: true,
    });
    return parsedSchema.parse(parsed).map(({ record, raw, info }) => ({
      // The parser counts to the end of a record; one with line breaks inside quotes began further up.
      line: info.lines - (raw.trim().match(/\n/g)?.length ?? 0),
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new OdographError('INPUT_INVALID', { detail: csvProblem(error) });
  }
}

/** The parser's own messages repeat cells, which may be IMEIs or addresses. */
function csvProblem({ code, lines }: CsvError & { readonly lines?: number }): string {
  const place = `line ${lines ?? '?'}`;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return `${place}: a quote is opened and never closed`;
  if (code.startsWith('CSV_RECORD_INCONSISTENT'))
    return `${place}: other than the header row, in its number of cells`;
  return `${place}: not CSV (${code})`;
}
