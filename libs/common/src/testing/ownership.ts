import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { commandLineOf, isCode, isRunning, signalProcess } from './process-table';
import { untilGone } from './processes';

/**
 * Who runs a server on a data folder. Kept beside the folder (initdb wants an empty one), so that a second start
 * neither shares the files of a living server (Redis itself would not notice) nor trips over one that was left behind.
 */
const record = z.object({ ownerPid: z.number().int(), serverPid: z.number().int().optional() });

export interface Ownership {
  /** Writes the server's pid down, once it runs. */
  serverStarted(pid: number): void;
  release(): void;
}

/**
 * Takes the folder for this process. A server that a dead process left running on it is stopped first.
 * Fails with one sentence when a living process uses it.
 */
export async function takeOwnership(dataDir: string, stopSignal: NodeJS.Signals): Promise<Ownership> {
  const path = `${dataDir}.owner.json`;
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify({ ownerPid: process.pid }), { flag: 'wx' });
      break;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    await clearLeftover(path, dataDir, stopSignal);
  }
  return {
    serverStarted: (serverPid) => writeFileSync(path, JSON.stringify({ ownerPid: process.pid, serverPid })),
    release: () => rmSync(path, { force: true }),
  };
}

async function clearLeftover(path: string, dataDir: string, stopSignal: NodeJS.Signals): Promise<void> {
  const found = record.safeParse(readJson(path));
  if (found.success) {
    const { ownerPid, serverPid } = found.data;
    const serverRuns = serverPid !== undefined && runsOn(serverPid, dataDir);
    // Pids are handed out again after a reboot: without a server (or one about to start here) an owner is a stranger.
    const starting = serverPid === undefined && (commandLineOf(ownerPid) ?? '').includes('node');
    if (isRunning(ownerPid) && (serverRuns || starting)) {
      throw new Error(
        `${dataDir} is in use by process ${ownerPid}: stop that one first or name another folder`,
      );
    }
    if (serverRuns) await stopLeftover(serverPid, stopSignal);
  }
  rmSync(path, { force: true });
}

/** True when that process is a server that was started on this folder. */
export function runsOn(pid: number, dataDir: string): boolean {
  return isRunning(pid) && `${commandLineOf(pid) ?? ''} `.includes(` ${dataDir} `);
}

/** Asks a server that is not our child to stop; kills it when it does not within 10 s. */
export async function stopLeftover(pid: number, stopSignal: NodeJS.Signals): Promise<void> {
  signalProcess(pid, stopSignal);
  try {
    await untilGone([pid], `the left-over server ${pid} to stop`);
  } catch {
    // It had its chance; the next wait reports if not even SIGKILL ends it.
    signalProcess(pid, 'SIGKILL');
    await untilGone([pid], `the left-over server ${pid} to end after SIGKILL`);
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // Released in the meantime, or cut off while it was written: either way it names nobody.
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
