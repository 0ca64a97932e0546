import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const named = z.object({ name: z.string() });

/** The checkout's folder, found from this file, so that it is right from the sources, from dist/ and from any cwd. */
export function repositoryRoot(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const parsed = named.safeParse(JSON.parse(readFileSync(manifest, 'utf8')));
      if (parsed.success && parsed.data.name === 'odograph') return folder;
    }
  }
  throw new Error(`no package.json named odograph above ${__dirname}: run from inside the checkout`);
}
