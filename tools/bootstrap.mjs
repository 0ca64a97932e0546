// Makes a checkout ready to run: installs what package-lock.json names and builds what the sources say, each only when
// it is not so already. Plain Node without dependencies, since it runs before there are any. Everything it says goes to
// stderr, so that the standard output of the command behind it stays that command's own.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = process.argv.includes('--quiet');
const at = (...parts) => join(root, ...parts);
const INSTALL_STAMP = at('node_modules', '.odograph-lock');
const BUILD_STAMP = at('dist', '.odograph-build');
const HEARTBEAT_MS = 1_000;
const STALE_AFTER_MS = 15_000;
const LOCK = at('.data', 'bootstrap.lock');

const say = (line) => process.stderr.write(`${line}\n`);
const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const readOr = (path, otherwise) => (existsSync(path) ? readFileSync(path, 'utf8') : otherwise);

class Failure extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new Failure(
      `Odograph needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`,
    );
  }
}

// --- what is there already -------------------------------------------------------------------------------------------

const lockHash = () => sha256(readFileSync(at('package-lock.json')));

/** True when node_modules is what package-lock.json says, whoever installed it. */
function isInstalled() {
  if (readOr(INSTALL_STAMP) === lockHash()) return true;
  if (!matchesHiddenLock()) return false;
  writeFileSync(INSTALL_STAMP, lockHash());
  return true;
}

/** npm leaves a lock of what it really installed in node_modules, as its last step. */
function matchesHiddenLock() {
  const hidden = readOr(at('node_modules', '.package-lock.json'));
  if (hidden === undefined) return false;
  const installed = JSON.parse(hidden).packages;
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  const paths = Object.keys(wanted).filter((path) => path !== '');
  const same = (path) =>
    installed[path] === undefined
      ? wanted[path].optional === true
      : installed[path].version === wanted[path].version &&
        installed[path].integrity === wanted[path].integrity;
  return paths.every(same) && Object.keys(installed).every((path) => wanted[path] !== undefined);
}

/** A digest of everything that the build reads; specs are not part of it. */
function sourceHash() {
  const files = ['webpack.config.js', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'];
  for (const folder of ['apps', 'bench', 'libs', 'tools']) {
    for (const entry of readdirSync(at(folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && !entry.name.endsWith('spec.ts')) files.push(path.slice(root.length + 1));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\0${sha256(readFileSync(at(file)))}\n`);
  return hash.digest('hex');
}

const isBuilt = () => readOr(BUILD_STAMP) === sourceHash();

// --- making it so ----------------------------------------------------------------------------------------------------

async function install() {
  say('Installing what package-lock.json names (npm ci, about half a minute) …');
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  // The build and the tests need the development packages whatever NODE_ENV says.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  await run(command, [...first, ...args], 'npm ci', 'show');
  writeFileSync(INSTALL_STAMP, lockHash());
}

async function build() {
  if (!quiet) say('Building (a few seconds) …');
  const hash = sourceHash();
  rmSync(BUILD_STAMP, { force: true });
  await run(
    process.execPath,
    [at('node_modules/@nestjs/cli/bin/nest.js'), 'build', '--all'],
    'nest build --all',
    'keep',
  );
  mkdirSync(dirname(BUILD_STAMP), { recursive: true });
  writeFileSync(BUILD_STAMP, hash);
}

/** Runs a command; `keep` shows its output only when it fails. SIGINT and SIGTERM are passed on. */
async function run(command, args, name, output) {
  const stdio = output === 'show' ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'];
  const child = spawn(command, args, { cwd: root, stdio });
  let kept = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (kept += chunk));
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (outcome === 0) return;
  if (kept) say(kept.trimEnd());
  throw new Failure(`${name} failed (${outcome}).`);
}

// --- one at a time ---------------------------------------------------------------------------------------------------

/**
 * Two at once would remove node_modules under each other. The lock appears whole, with its owner's pid in it, and its
 * owner touches it all the time: a pid alone may be somebody else's by now.
 */
async function withLock(work) {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (let told = false; !tryLock();) {
    const owner = lockOwner();
    if (owner !== undefined && !told) {
      say(`Another bootstrap (process ${owner}) is at work, waiting for it …`);
      told = true;
    }
    await delay(100);
  }
  const heartbeat = setInterval(() => utimesSync(LOCK, new Date(), new Date()), HEARTBEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(LOCK, { recursive: true, force: true });
  }
}

function tryLock() {
  const mine = mkdtempSync(`${LOCK}.`);
  writeFileSync(join(mine, 'pid'), String(process.pid));
  try {
    renameSync(mine, LOCK);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) throw error;
    breakStaleLock();
    return false;
  }
}

function lockOwner() {
  const pid = Number(readOr(join(LOCK, 'pid'), NaN));
  return pid > 0 ? pid : undefined;
}

/** Removes the lock of a process that is gone. Under a second lock: two that do so at once would remove a fresh one. */
function breakStaleLock() {
  const breaking = `${LOCK}.breaking`;
  try {
    mkdirSync(breaking);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    // Held for microseconds; older than this, its holder was killed inside them.
    if (ageMs(breaking) > STALE_AFTER_MS) rmSync(breaking, { recursive: true, force: true });
    return;
  }
  try {
    const owner = lockOwner();
    const gone = owner !== undefined && !isAlive(owner);
    if (gone || ageMs(LOCK) > STALE_AFTER_MS) rmSync(LOCK, { recursive: true, force: true });
  } finally {
    rmdirSync(breaking);
  }
}

/** Since it was last touched; 0 when it is not there. */
function ageMs(path) {
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return mtimeMs === undefined ? 0 : Date.now() - mtimeMs;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// ---------------------------------------------------------------------------------------------------------------------

try {
  checkNode();
  if (!isInstalled() || !isBuilt()) {
    await withLock(async () => {
      if (!isInstalled()) await install();
      if (!isBuilt()) await build();
    });
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
