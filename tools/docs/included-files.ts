import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** `<!-- file: path -->`, a fenced block, `<!-- end -->`: the block is the file, word for word. */
const INCLUDE = /<!-- file: (\S+) -->\n[\s\S]*?<!-- end -->/g;

/** The page with every included file as it is now. */
export function withIncludedFiles(page: string): string {
  return page.replace(INCLUDE, (_, file: string) => {
    const text = readFileSync(file, 'utf8').trimEnd();
    return `<!-- file: ${file} -->\n\n\`\`\`${extname(file).slice(1)}\n${text}\n\`\`\`\n\n<!-- end -->`;
  });
}
