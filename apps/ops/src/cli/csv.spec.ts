import fc from 'fast-check';
import { z } from 'zod';
import { hasCode } from '@app/common/errors';
import { readCsv } from './csv';
import { numberField } from './fields';

const schema = z.object({
  name: z.string(),
  size: numberField({ min: 1, max: 9, whole: true }),
  note: z.string().optional(),
});
const COLUMNS = ['name', 'size', 'note'];
const read = (text: string) => readCsv(text, schema, COLUMNS);

function problemOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (hasCode(error, 'INPUT_INVALID')) return error.message;
    throw error;
  }
  return 'none';
}

describe('readCsv', () => {
  it('takes columns in any order, with a byte order mark, CRLF, blank lines and padding', () => {
    expect(read('\uFEFFsize,name\r\n1,a\r\n\r\n 2 , b \r\n')).toEqual([
      { place: 'line 2', draft: { name: 'a', size: 1 } },
      { place: 'line 4', draft: { name: 'b', size: 2 } },
    ]);
  });

  it('leaves an empty cell out', () => {
    expect(read('name,size,note\na,1,\n')).toEqual([{ place: 'line 2', draft: { name: 'a', size: 1 } }]);
  });

  it('counts lines as an editor does, also behind cells with line breaks', () => {
    expect(problemOf('name,size,note\r\na,1,"x\r\ny"\r\n\r\n"b\r\nc",0,\r\n')).toContain(
      'line 5, column size: is below 1',
    );
  });

  it('names line and column of every misfit, the first five in words', () => {
    expect(problemOf('name,size\na,x\n,2\n')).toBe(
      'The input does not fit: line 2, column size: is no number; line 3, column name: is missing',
    );
    expect(problemOf(`name,size\n${'a,0\n'.repeat(7)}`)).toMatch(
      /line 6, column size: is below 1; and 2 more$/,
    );
  });

  it.each([
    ['', 'the file is empty'],
    ['name,sise\n', 'line 1: unknown column "sise"; the header row may name name, size, note'],
    ['name,name\n', 'line 1: column name stands twice'],
    ['name,size\na,1\nb\n', 'line 3: other than the header row, in its number of cells'],
    ['name,size\na,1\nb,2,3\n', 'line 3: other than the header row, in its number of cells'],
    ['name,size\na,"1\n', 'a quote is opened and never closed'],
    ['name\na\n', 'line 2, column size: is missing'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });

  it('reads back whatever text a well-behaved writer quotes, at the line where it began', () => {
    const cell = fc
      .string()
      .map((text) => text.replace(/\r/g, '').trim())
      .filter((text) => text !== '');
    fc.assert(
      fc.property(fc.array(fc.record({ name: cell, note: cell }), { minLength: 1 }), (rows) => {
        const quote = (text: string): string => `"${text.replace(/"/g, '""')}"`;
        const lines = rows.map(({ name, note }) => `${quote(name)},1,${quote(note)}`);
        const drafts = read(`name,size,note\n${lines.join('\n')}`);
        expect(drafts.map(({ draft }) => draft)).toEqual(rows.map((row) => ({ ...row, size: 1 })));
        let line = 2;
        for (const [index, { place }] of drafts.entries()) {
          expect(place).toBe(`line ${line}`);
          line += lines[index]?.split('\n').length ?? 0;
        }
      }),
    );
  });
});
