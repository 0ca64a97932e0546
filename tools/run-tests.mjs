// Runs Jest's projects and counts: node tools/run-tests.mjs [unit|int|e2e] [arguments for Jest …]
// Its last line is "N passed, N failed[, N skipped]" over everything that ran; that is the line that CI reads.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const KINDS = ['unit', 'int', 'e2e'];
const [first, ...others] = process.argv.slice(2);
const chosen = KINDS.includes(first) ? [first] : KINDS;
const extra = KINDS.includes(first) ? others : process.argv.slice(2);

/** e2e specs start whole systems and measure them, so they run alone, one after the other. */
const rounds = [
  { kinds: chosen.filter((kind) => kind !== 'e2e'), options: ['--maxWorkers=2'] },
  { kinds: chosen.filter((kind) => kind === 'e2e'), options: ['--runInBand'] },
].filter(({ kinds }) => kinds.length > 0);

const reports = mkdtempSync(join(tmpdir(), 'odograph-reports-'));
const total = { passed: 0, failed: 0, skipped: 0 };
let stoppedBy;

for (const [index, { kinds, options }] of rounds.entries()) {
  if (stoppedBy) break;
  const report = join(reports, `${index}.json`);
  const ended = await jest([
    // The leak check reports what a test leaves open; Jest would wait for its end for ever.
    ...['--selectProjects', ...kinds, '--passWithNoTests', '--forceExit', ...options],
    ...['--json', `--outputFile=${report}`, ...extra],
  ]);
  count(report, ended);
}
rmSync(reports, { recursive: true, force: true });

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
const nothingRan = total.passed + total.failed === 0;
if (nothingRan) process.stdout.write('No test ran.\n');
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 || nothingRan || stoppedBy ? 1 : 0;

/**
 * Jest's report goes to the file; its readable output comes on stderr, the JSON on stdout is not shown. It gets a process
 * group of its own: a signal reaches it and its workers once, and whatever is left of them goes when it has ended.
 */
function jest(args) {
  const child = spawn(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const forward = (signal) => {
    stoppedBy = signal;
    signalGroup(child.pid, signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      signalGroup(child.pid, 'SIGKILL');
      resolve(signal ?? code);
    });
  });
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // nobody left in it
  }
}

/** A file that could not run, or that failed as a whole (a leak), is one failure; so is a Jest that broke off. */
function count(report, ended) {
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  const failed = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
  total.passed += result?.numPassedTests ?? 0;
  total.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  total.failed += failed === 0 && ended !== 0 ? 1 : failed;
}
