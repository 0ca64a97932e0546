import { readCsv } from './csv';
import { csvLine, pagedText, type PageForm } from './pages';
import { z } from 'zod';

const columns = [
  { heading: 'NAME', of: ({ name }: { name: string }) => name },
  { heading: 'N', of: ({ n }: { n: number | null }) => n },
];
type Row = { name: string; n: number | null };

async function* pagesOf(pages: readonly Row[][]): AsyncGenerator<readonly Row[]> {
  for (const page of pages) yield await Promise.resolve(page);
}

async function textOf(form: PageForm, pages: readonly Row[][]): Promise<string> {
  let text = '';
  for await (const part of pagedText(form, columns, pagesOf(pages))) text += part;
  return text;
}

const rows: Row[][] = [[{ name: 'a', n: 1 }], [], [{ name: 'b, "c"\nd', n: null }]];

describe('an answer in pages', () => {
  it('is one JSON array', async () => {
    expect(JSON.parse(await textOf('json', rows))).toEqual(rows.flat());
    expect(JSON.parse(await textOf('json', [[]]))).toEqual([]);
  });

  it('is one CSV that reads back', async () => {
    const text = await textOf('csv', rows);
    expect(text).toBe('name,n\na,1\n"b, ""c""\nd",\n');
    const draft = z.object({ name: z.string(), n: z.string().optional() });
    expect(readCsv(text, draft, ['name', 'n']).map(({ draft: { name } }) => name)).toEqual([
      'a',
      'b, "c"\nd',
    ]);
    expect(await textOf('csv', [])).toBe('name,n\n');
  });

  it('is one table with its heading once', async () => {
    expect((await textOf('table', rows)).match(/NAME/g)).toHaveLength(1);
    expect(await textOf('table', [])).toBe('none\n');
  });

  it('writes times as ISO 8601', () =>
    expect(csvLine([new Date(0), true])).toBe('1970-01-01T00:00:00.000Z,true\n'));
});
