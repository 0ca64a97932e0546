import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from './configuration-page';
import { edgePage } from './edge-page';
import { errorsPage } from './errors-page';
import { withIncludedFiles } from './included-files';
import { brokenLinks } from './links';
import { metricsPage } from './metrics-page';

/** Reference pages that are made from the code, so that they cannot say anything else. */
const REFERENCE: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'edge.md': edgePage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
};
/** Pages written by hand, which may show files of the repository. */
const OPERATIONS = join('docs', 'operations');

/** Every page that this program keeps, as it should be. */
function pages(): Map<string, string> {
  const made = Object.entries(REFERENCE).map(([name, page]): [string, string] => [
    join('docs', 'reference', name),
    page(),
  ]);
  const written = readdirSync(OPERATIONS)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(OPERATIONS, name))
    .map((file): [string, string] => [file, withIncludedFiles(readFileSync(file, 'utf8'))]);
  return new Map([...made, ...written]);
}

/** Pages outside `docs/` whose links are looked at too. */
const FRONT_PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

function allPages(): Map<string, string> {
  const documents = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return new Map([...FRONT_PAGES, ...documents].map((file) => [file, readFileSync(file, 'utf8')]));
}

/** Writes the pages; with `--check` compares them instead and fails where one is stale or a link leads nowhere. */
function main(check: boolean): void {
  const broken = check ? brokenLinks(allPages()) : [];
  for (const link of broken) process.stderr.write(`${link} leads nowhere\n`);
  if (broken.length > 0) process.exitCode = 1;
  const stale = [...pages()].filter(([file, page]) => readOrEmpty(file) !== page);
  if (!check) {
    for (const [file, page] of stale) writeFileSync(file, page);
    return;
  }
  if (stale.length === 0) return;
  const names = stale.map(([file]) => file).join(', ');
  process.stderr.write(`${names} is not what the code says; run \`npm run docs\` and commit the result\n`);
  process.exitCode = 1;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

main(process.argv.includes('--check'));
