import { readFileSync } from 'node:fs';
import { cpuSeconds } from '../shared/process-figures';

/** Shares are of one core, times are CPU. */
export interface Use {
  readonly serverShare: number;
  readonly loadShare: number;
  readonly redisShare: number;
  /** Of all cores together: 2 are idle on a machine of two that does nothing. */
  readonly idleCores: number;
  readonly serverUs: number;
  readonly loadUs: number;
  readonly redisUs: number;
  readonly writesPerS: number;
  readonly framesAWrite: number;
}

interface Pids {
  readonly server: number;
  readonly load: number;
  readonly redis: number;
}

const TICKS_PER_S = 100;

/** What the processes of a run use of the machine, and how many frames one write to the store carries. */
export class MachineUse {
  private constructor(
    private readonly pids: Pids,
    private readonly writes: () => Promise<number>,
    private readonly before: readonly number[],
  ) {}

  static async begin(pids: Pids, writes: () => Promise<number>): Promise<MachineUse> {
    return new MachineUse(pids, writes, await figures(pids, writes));
  }

  async end(framesPerS: number): Promise<Use> {
    const after = await figures(this.pids, this.writes);
    const [tookS = NaN, server = NaN, load = NaN, redis = NaN, idle = NaN, written = NaN] = after.map(
      (figure, index) => figure - (this.before[index] ?? NaN),
    );
    return {
      serverShare: server / tookS,
      loadShare: load / tookS,
      redisShare: redis / tookS,
      idleCores: idle / tookS,
      serverUs: (server / tookS / framesPerS) * 1e6,
      loadUs: (load / tookS / framesPerS) * 1e6,
      redisUs: (redis / tookS / framesPerS) * 1e6,
      writesPerS: written / tookS,
      framesAWrite: (framesPerS * tookS) / written,
    };
  }
}

async function figures({ server, load, redis }: Pids, writes: () => Promise<number>): Promise<number[]> {
  const written = await writes();
  return [
    performance.now() / 1000,
    cpuSeconds(server),
    cpuSeconds(load),
    cpuSeconds(redis),
    idleSeconds(),
    written,
  ];
}

/** Idle and waiting for a disk, of all cores. */
function idleSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.trim().split(/\s+/) ?? [];
  return (Number(fields[4]) + Number(fields[5])) / TICKS_PER_S;
}

export const useLine = (use: Use | undefined): string =>
  use === undefined
    ? ''
    : `server ${use.serverShare.toFixed(2)} (${use.serverUs.toFixed(1)} us), load ${use.loadShare.toFixed(2)} (${use.loadUs.toFixed(1)} us), ` +
      `redis ${use.redisShare.toFixed(2)} (${use.redisUs.toFixed(1)} us), idle ${use.idleCores.toFixed(2)}, ` +
      `${Math.round(use.writesPerS)} writes/s of ${use.framesAWrite.toFixed(0)}`;
