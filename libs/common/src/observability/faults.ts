import { closeSync, openSync } from 'node:fs';

/**
 * Named fault points: places where a crash test kills a process. In production nothing is armed and a point costs one
 * comparison. `ODOGRAPH_FAULT=<name>` arms one; with `ODOGRAPH_FAULT_ONCE=<file>` it strikes only while the file does not
 * exist, and makes it: a supervisor may then start the process again with the same environment.
 *
 * The crash tests enumerate the points from the code (`fault('…')`), so a name is a literal and stands once.
 */
const armed = process.env['ODOGRAPH_FAULT'];
const onceFile = process.env['ODOGRAPH_FAULT_ONCE'];

export function fault(name: string): void {
  if (armed === undefined || armed !== name) return;
  if (onceFile === undefined || isFirst(onceFile)) process.kill(process.pid, 'SIGKILL');
}

function isFirst(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
