import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { majorOf } from './postgres-binaries';

/** Debian's, and nearly everybody's, `nobody`. initdb asks for the user's name, so it must be a uid that has one. */
const NOBODY = 65_534;

const USER_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];

export interface Identity {
  /** Put before the command. Both commands exec, so the pid stays that of the server. */
  prefix: string[];
  /** The binaries as this identity can reach them. */
  binaries: string;
  uid?: number;
  gid?: number;
  /** Hands a new, empty folder to this identity. */
  adopt(folder: string): void;
}

/**
 * PostgreSQL refuses to run as root. As root it gets, in this order: a user namespace in which we are `nobody` (files
 * stay root's, folders under /root stay reachable); or, where a container forbids that, `nobody` itself, with a copy
 * of the binaries in the temp folder when it cannot reach them. Fails with one sentence when neither works.
 */
export function unprivileged(binaries: string, dataDir: string): Identity {
  if (process.getuid?.() !== 0) return { prefix: [], binaries, adopt: () => undefined };
  const postgres = join(binaries, 'postgres');
  const [unshare = '', ...mapping] = USER_NAMESPACE;
  if (spawnSync(unshare, [...mapping, postgres, '--version']).status === 0) {
    return { prefix: USER_NAMESPACE, binaries, adopt: () => undefined };
  }
  const asNobody = { uid: NOBODY, gid: NOBODY };
  if (spawnSync('test', ['-x', dirname(dataDir)], asNobody).status !== 0) {
    throw new Error(
      `PostgreSQL cannot run as root, user namespaces are not permitted here, and "nobody" cannot reach ${dirname(dataDir)}: ` +
        'run as an ordinary user, or set DATABASE_URL',
    );
  }
  const reachable = spawnSync(postgres, ['--version'], asNobody).status === 0 ? binaries : copyFor(binaries);
  return {
    prefix: [],
    binaries: reachable,
    ...asNobody,
    adopt: (folder) => chownSync(folder, NOBODY, NOBODY),
  };
}

/** Copies bin/, lib/ and share/ to where every user can read them; a copy that is there already is used. */
function copyFor(binaries: string): string {
  const source = dirname(binaries);
  const target = join(tmpdir(), `odograph-postgres-${majorOf(binaries)}-${process.arch}`);
  if (!existsSync(target)) {
    const building = mkdtempSync(`${target}-`);
    chownSync(building, NOBODY, NOBODY);
    cpSync(source, join(building, 'native'), { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(join(building, 'native'), target);
    } catch (error) {
      if (!existsSync(target)) throw error; // otherwise another process was faster, with the same content
    }
    rmSync(building, { recursive: true, force: true });
  }
  return join(target, basename(binaries));
}
