import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const FENCE = /^(`{3,}|~{3,})[\s\S]*?^\1\s*$/gm;
const CODE = /`[^`\n]*`/g;
const LINK = /\]\(([^()\s]+)\)/g;
const HEADING = /^#{1,6}\s+(.+)$/gm;
const ANCHOR = /<a id="([^"]+)"><\/a>/g;
const ELSEWHERE = /^[a-z][a-z\d+.-]*:/i;

/**
 * Relative links of Markdown pages that lead nowhere, as `page: link`, anchors included.
 *
 * @param pages texts by path from the root of the repository; what is no page among them is looked for as a file.
 */
export function brokenLinks(pages: ReadonlyMap<string, string>): string[] {
  return [...pages].flatMap(([page, text]) =>
    linksOf(text)
      .filter((link) => !leadsSomewhere(page, link, pages))
      .map((link) => `${page}: ${link}`),
  );
}

function linksOf(text: string): string[] {
  const links = text.replaceAll(FENCE, '').replaceAll(CODE, '').matchAll(LINK);
  return [...links].flatMap(([, link]) => (link === undefined || ELSEWHERE.test(link) ? [] : [link]));
}

function leadsSomewhere(page: string, link: string, pages: ReadonlyMap<string, string>): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  const text = pages.get(target) ?? (target.endsWith('.md') ? readIfThere(target) : undefined);
  if (text === undefined) return existsSync(target);
  return anchor === undefined || anchorsOf(text).has(anchor);
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Those of headings as GitHub makes them, and those that are written out. */
function anchorsOf(text: string): ReadonlySet<string> {
  const own = [...text.matchAll(ANCHOR)].map(([, id = '']) => id);
  const used = new Map<string, number>();
  const ofHeadings = [...text.replaceAll(FENCE, '').matchAll(HEADING)].map(([, heading = '']) => {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set([...own, ...ofHeadings]);
}
