/**
 * Named fault points: places where a crash test stops a process. In production nothing is armed and a point costs one
 * comparison. `ODOGRAPH_FAULT=<name>` (or `<name>#<n>` for the n-th pass) arms one: the process kills itself there.
 *
 * The crash tests enumerate the points from the code (`fault('…')`), so a name is a literal and stands once.
 */
const armed = parseArmed(process.env['ODOGRAPH_FAULT']);
let passes = 0;

export function fault(name: string): void {
  if (armed === undefined || armed.name !== name) return;
  passes += 1;
  if (passes === armed.pass) process.kill(process.pid, 'SIGKILL');
}

function parseArmed(text: string | undefined): { name: string; pass: number } | undefined {
  if (text === undefined || text === '') return undefined;
  const [name = '', pass = '1'] = text.split('#');
  return { name, pass: Number(pass) };
}
