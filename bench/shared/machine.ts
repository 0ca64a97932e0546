import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** What a figure was measured on. */
export function machine(): Record<string, string | number> {
  const [cpu] = cpus();
  return {
    node: process.version,
    cpu: cpu?.model ?? 'unknown',
    cores: availableParallelism(),
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  };
}
