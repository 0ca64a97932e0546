import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './paths';

const run = promisify(execFile);

/** The oldest Redis that Odograph runs on (functions, XAUTOCLAIM with deleted ids). */
const OLDEST_MAJOR = 7;

/** redis-server is a link to a file of redis-tools; the last three are its libraries, which a bare machine lacks. */
const DEBIAN_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

export interface RedisBinary {
  path: string;
  /** Folders for LD_LIBRARY_PATH; empty for a Redis that the system installed. */
  libraries: string[];
}

let search: Promise<RedisBinary> | undefined;

/**
 * redis-server or valkey-server on PATH, else one unpacked into `.data/bin/redis` before, else Debian's package fetched
 * there without root (about 3 s, announced through `tell`). Fails with one sentence that names what to install.
 */
export function redisBinary(tell: (line: string) => void): Promise<RedisBinary> {
  // Once per process: two servers that start side by side must not fetch twice.
  search ??= find(tell).catch((error: unknown) => {
    search = undefined;
    throw error;
  });
  return search;
}

async function find(tell: (line: string) => void): Promise<RedisBinary> {
  const folder = join(repositoryRoot(), '.data', 'bin', 'redis');
  for (const name of ['redis-server', 'valkey-server']) {
    const onPath: RedisBinary = { path: name, libraries: [] };
    if ((await majorOf(onPath)) >= OLDEST_MAJOR) return onPath;
  }
  const unpacked = unpackedIn(folder);
  if ((await majorOf(unpacked)) >= OLDEST_MAJOR) return unpacked;

  const install =
    'install Redis 7 or newer (Debian and Ubuntu: apt-get install redis-server, macOS: brew install redis, ' +
    'Fedora: dnf install valkey) or set REDIS_URL';
  if (process.platform !== 'linux' || !(await works('apt-get')) || !(await works('dpkg'))) {
    throw new Error(`no redis-server or valkey-server on PATH: ${install}`);
  }
  tell(`no redis-server on PATH: fetching Debian's package into ${folder} (1.5 MB, no root needed)`);
  try {
    await fetchDebianPackages(folder);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : '';
    throw new Error(`could not fetch Debian's redis-server (${reason}): ${install}`, { cause: error });
  }
  const fetched = unpackedIn(folder);
  if ((await majorOf(fetched)) >= OLDEST_MAJOR) return fetched;
  throw new Error(
    `Debian's redis-server in ${folder} is too old or does not run on this machine: ${install}`,
  );
}

/** Unpacks beside the target and renames, so that a reader sees all of it or nothing, however many fetch at once. */
async function fetchDebianPackages(folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.fetch-`);
  try {
    const places = ['lists/partial', 'cache/archives/partial', 'debs', 'root'];
    places.forEach((place) => mkdirSync(join(work, place), { recursive: true }));
    const apt = [
      ...['-o', `Dir::State::lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`],
      // As root, apt would fetch as _apt, who cannot write here.
      ...['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root'],
    ];
    const cwd = join(work, 'debs');
    await run('apt-get', [...apt, 'update'], { cwd });
    await run('apt-get', [...apt, 'download', ...DEBIAN_PACKAGES], { cwd });
    for (const deb of readdirSync(cwd)) await run('dpkg', ['-x', deb, join(work, 'root')], { cwd });
    // Another process may have finished first, and may run from there already.
    if ((await majorOf(unpackedIn(folder))) >= OLDEST_MAJOR) return;
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, 'root'), folder);
  } catch (error) {
    // Another process may have put the same files there between our two lines.
    if ((await majorOf(unpackedIn(folder))) < OLDEST_MAJOR) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function unpackedIn(folder: string): RedisBinary {
  const libraries = ['usr/lib', 'lib']
    .map((part) => join(folder, part))
    .filter(existsSync)
    .flatMap((part) => readdirSync(part).map((architecture) => join(part, architecture)));
  return { path: join(folder, 'usr', 'bin', 'redis-server'), libraries };
}

/** 0 when it is not there or does not run. */
async function majorOf(binary: RedisBinary): Promise<number> {
  try {
    const { stdout } = await run(binary.path, ['--version'], { env: redisEnvironment(binary) });
    return Number(/v=(\d+)/.exec(stdout)?.[1] ?? 0);
  } catch {
    // Not there, or a library is missing: not usable, whatever the reason.
    return 0;
  }
}

async function works(command: string): Promise<boolean> {
  try {
    await run(command, ['--version']);
    return true;
  } catch {
    return false;
  }
}

export function redisEnvironment({ libraries }: RedisBinary): NodeJS.ProcessEnv {
  return libraries.length === 0
    ? process.env
    : {
        ...process.env,
        LD_LIBRARY_PATH: [...libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
      };
}
