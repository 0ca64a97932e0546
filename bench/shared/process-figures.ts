import { readFileSync } from 'node:fs';

/** Kernel ticks a second; 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;
const KIB_PER_LINE = /VmRSS:\s+(\d+) kB/;

/** CPU seconds that a process has used, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces; utime and stime are the 14th and 15th field of the whole line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** Resident memory of a process in KiB. */
export function residentKib(pid: number): number {
  return Number(KIB_PER_LINE.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);
}
