import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const LINUX = existsSync('/proc/self/stat');

interface TableRow {
  pid: number;
  parentPid: number;
  zombie: boolean;
}

/** True while the process exists and has not ended (a zombie, which only waits to be reaped, has ended). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
  return !(LINUX && readRow(pid)?.zombie);
}

/** The command line with its arguments, or undefined when there is no such process. */
export function commandLineOf(pid: number): string | undefined {
  try {
    if (LINUX) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
  } catch {
    // Neither /proc nor ps knows it: it has ended in the meantime, which is the answer.
    return undefined;
  }
}

/** Pids of the direct children. */
export function childrenOf(pid: number): number[] {
  return allRows()
    .filter((row) => row.parentPid === pid && !row.zombie)
    .map((row) => row.pid);
}

/** Signals a process; a process that has just ended is no error. */
export function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isCode(error, 'ESRCH')) throw error;
  }
}

/** Not by `instanceof Error`: under Jest the system's errors come from another realm. */
export function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function allRows(): TableRow[] {
  if (LINUX) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readRow(Number(name)) ?? []);
  }
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [pid, parentPid, state] = line.trim().split(/\s+/);
    if (!pid || !parentPid || !state) return [];
    return [{ pid: Number(pid), parentPid: Number(parentPid), zombie: state.startsWith('Z') }];
  });
}

/** /proc/<pid>/stat is "pid (name) state ppid …"; the name may hold spaces and brackets, so count from the last one. */
function readRow(pid: number): TableRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Ended between readdir and here.
    return undefined;
  }
  const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { pid, parentPid: Number(parentPid), zombie: state === 'Z' };
}
