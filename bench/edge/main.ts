import { loadavg } from 'node:os';
import { isRole, serveRole } from './roles';
import { compare, type Comparison } from './comparison';
import { idleMemory, type IdleMemory } from './idle-memory';
import { EdgeUnderTest } from './edge-under-test';
import { round, say } from '../shared/figures';
import { conditionsOf, table } from './report';

const TARGET_ALWAYS = 0.5;
const TARGET_EVERYSEC = 0.65;
const TARGET_IDLE_BYTES = 6 * 1024;
const JUDGED_AT = 1_000;
const CONNECTIONS = (process.env['BENCH_CONNECTIONS'] ?? `1,100,${JUDGED_AT},5000`).split(',').map(Number);
/** Of the machine's 20,000 open files the load needs one for each device, and as many wait for the bare server. */
const IDLE_CONNECTIONS = Number(process.env['BENCH_IDLE_CONNECTIONS'] ?? 10_000);

async function main(): Promise<void> {
  const options = {
    rounds: Number(process.env['BENCH_ROUNDS'] ?? 5),
    warmUpMs: 500,
    windowMs: Number(process.env['BENCH_WINDOW_MS'] ?? 2_000),
  };
  const loadBefore = loadavg()[0] ?? NaN;
  const edge = await EdgeUnderTest.start({ devices: Math.max(IDLE_CONNECTIONS, ...CONNECTIONS) });
  try {
    const idle = IDLE_CONNECTIONS === 0 ? undefined : await idleMemory(edge, IDLE_CONNECTIONS);
    const plain = await compare(edge, CONNECTIONS, { ...options, isTls: false });
    const tls = await compare(edge, process.env['BENCH_TLS'] === 'no' ? [] : [JUDGED_AT], {
      ...{ ...options, isTls: true },
    });
    const judged = plain.find(({ connections }) => connections === JUDGED_AT);
    if (judged === undefined) throw new Error('nothing was measured');
    say(table(plain, 'TCP'), table(tls, 'TLS'), idle === undefined ? '' : lineOf(idle));
    process.stdout.write(
      `${JSON.stringify({
        name: 'edge',
        ratio: round(judged.ratioAlways, 3),
        ratioEverysec: round(judged.ratioEverysec, 3),
        target: TARGET_ALWAYS,
        targetEverysec: TARGET_EVERYSEC,
        value: Math.round(judged.alwaysPerS),
        limit: Math.round(judged.barePerS),
        unit: 'frames/s acked',
        connections: plain.map(rowOf),
        tls: tls.map(rowOf),
        ...(idle === undefined ? {} : { idle: { ...idle, targetBytes: TARGET_IDLE_BYTES } }),
        conditions: conditionsOf({ ...options, loadBefore }),
      })}\n`,
    );
  } finally {
    await edge.stop();
  }
}

function rowOf(row: Comparison): Record<string, number> {
  return {
    connections: row.connections,
    bare: Math.round(row.barePerS),
    always: Math.round(row.alwaysPerS),
    everysec: Math.round(row.everysecPerS),
    ratioAlways: round(row.ratioAlways, 3),
    ratioEverysec: round(row.ratioEverysec, 3),
    ackP99Ms: round(row.ackP99Ms, 1),
  };
}

const lineOf = ({ connections, bytesEach }: IdleMemory): string =>
  `memory of an idle connection at ${connections}: ${Math.round(bytesEach)} B (at most ${TARGET_IDLE_BYTES})`;

const [, , role] = process.argv;
if (isRole(role)) serveRole();
else void main();
