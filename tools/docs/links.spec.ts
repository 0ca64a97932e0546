import { brokenLinks } from './links';

const broken = (text: string, others: Record<string, string> = {}): string[] =>
  brokenLinks(new Map([['docs/a/page.md', text], ...Object.entries(others)])).map(
    (line) => line.split(': ')[1] ?? '',
  );

describe('brokenLinks', () => {
  it('names a file that is not there, and no other', () => {
    expect(broken('[a](../b.md) [b](c.md) [c](../../package.json)', { 'docs/b.md': '' })).toEqual(['c.md']);
  });

  it('names an anchor that no heading and no <a id> of the page makes', () => {
    const other =
      '# The `odo` verbs: all, 2 of them\n\n## Same\n\n## Same\n\n<a id="stable"></a>\n\n## Else\n';
    const links = ['the-odo-verbs-all-2-of-them', 'same', 'same-1', 'stable', 'else', 'same-2', 'gone'];
    const text = links.map((anchor) => `[x](b.md#${anchor})`).join(' ');
    expect(broken(text, { 'docs/a/b.md': other })).toEqual(['b.md#same-2', 'b.md#gone']);
  });

  it('looks for an anchor without a file in the page itself', () => {
    expect(broken('# Here\n\n[a](#here) [b](#there)')).toEqual(['#there']);
  });

  it('leaves addresses alone, and what stands in code', () => {
    const text = '[a](https://x.test/y.md) `[b](c.md)`\n\n```\n[d](e.md)\n# f\n```\n\n[f](#f)';
    expect(broken(text)).toEqual(['#f']);
  });
});
