import { setTimeout as delay } from 'node:timers/promises';
import { type EdgeUnderTest } from './edge-under-test';
import { FULL } from './frame';
import { residentKib } from '../shared/process-figures';
import { Worker } from './roles';

export interface IdleMemory {
  readonly connections: number;
  readonly baselineKib: number;
  readonly withConnectionsKib: number;
  readonly bytesEach: number;
}

/** For the collector to be done with what the logins left. */
const SETTLE_MS = 3_000;

/**
 * Resident memory of the edge above that without connections. The baseline is taken after some work: code and room that
 * the process keeps for its work are not any connection's.
 */
export async function idleMemory(edge: EdgeUnderTest, connections: number): Promise<IdleMemory> {
  const target = { port: edge.port, isTls: false };
  const first = new Worker('load');
  await first.connect('idle', target, 200, FULL);
  await first.run('idle', 0, 1_000);
  first.end();
  await edge.clear();
  await delay(SETTLE_MS);
  const baselineKib = residentKib(edge.pid);
  const load = new Worker('load');
  await load.connect('idle', target, connections, FULL);
  await delay(SETTLE_MS);
  const withConnectionsKib = residentKib(edge.pid);
  load.end();
  const bytesEach = Math.round(((withConnectionsKib - baselineKib) * 1024) / connections);
  return { connections, baselineKib, withConnectionsKib, bytesEach };
}
