import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from './configuration-page';
import { edgePage } from './edge-page';
import { errorsPage } from './errors-page';
import { metricsPage } from './metrics-page';

/** Reference pages that are made from the code, so that they cannot say anything else. */
const PAGES: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'edge.md': edgePage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
};

/** Writes the pages; with `--check` compares them instead and fails where one is stale. */
function main(check: boolean): void {
  const stale: string[] = [];
  for (const [name, page] of Object.entries(PAGES)) {
    const file = join('docs', 'reference', name);
    if (!check) writeFileSync(file, page());
    else if (readOrEmpty(file) !== page()) stale.push(file);
  }
  if (stale.length === 0) return;
  process.stderr.write(
    `${stale.join(', ')} is not what the code says; run \`npm run docs\` and commit the result\n`,
  );
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
