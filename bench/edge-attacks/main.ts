import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EdgeUnderTest } from '../edge/edge-under-test';
import { frameOf, FULL } from '../edge/frame';
import { attack, ATTACKS, isAttack, type Attack } from './attackers';
import { beServed, type Service } from './well-behaved';

/*
 * Ack latency of well-behaved devices beside attackers, against that of the same devices alone, in turns within one
 * run. Ends with status 1 only where a device was not served: latency on a shared machine proves little by itself.
 */

const RECORDS = FULL.records;
const FRAME = frameOf(FULL);
const ROUNDS = 3;
const ROUND_MS = 2_500;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

async function startAttack(kind: Attack, port: number): Promise<ChildProcess> {
  const child = fork(process.argv[1] ?? '', [kind, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function stopAttack(child: ChildProcess): Promise<void> {
  child.disconnect();
  if (child.exitCode === null) await once(child, 'exit');
}

async function compare(kind: Attack, port: number) {
  const alone: Service[] = [];
  const beside: Service[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await beServed(port, FRAME, RECORDS, ROUND_MS));
    const attackers = await startAttack(kind, port);
    beside.push(await beServed(port, FRAME, RECORDS, ROUND_MS));
    await stopAttack(attackers);
  }
  const aloneMs = median(alone.map(({ p99Ms }) => p99Ms));
  const besideMs = median(beside.map(({ p99Ms }) => p99Ms));
  const frames = beside.reduce((sum, service) => sum + service.frames, 0);
  return { kind, aloneP99Ms: aloneMs, attackedP99Ms: besideMs, times: besideMs / aloneMs, frames };
}

async function main(): Promise<void> {
  const edge = await EdgeUnderTest.start({ devices: 2_000, environment: { EDGE_UNKNOWN_DEVICES: 'reject' } });
  try {
    await beServed(edge.port, FRAME, RECORDS, ROUND_MS);
    for (const kind of attacks()) {
      const { aloneP99Ms, attackedP99Ms, times, frames } = await compare(kind, edge.port);
      const figures = `p99 ${aloneP99Ms.toFixed(2)} ms alone, ${attackedP99Ms.toFixed(2)} ms attacked`;
      process.stdout.write(
        `${kind.padEnd(10)} ${figures}, ${times.toFixed(2)} times; ${frames} frames served\n`,
      );
    }
  } finally {
    await edge.stop();
  }
}

/** By `BENCH_ATTACKS`, with commas; all of them by default. */
function attacks(): readonly Attack[] {
  const wanted = process.env['BENCH_ATTACKS']?.split(',');
  return wanted === undefined ? ATTACKS : wanted.filter(isAttack);
}

const [kind, port] = process.argv.slice(2);
if (isAttack(kind)) {
  attack(kind, Number(port));
} else {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  });
}
