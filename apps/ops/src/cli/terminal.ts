import { once } from 'node:events';

/** Where a command writes: results on stdout, everything else on stderr. Tests give their own. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Resolves when a slow reader of stdout has caught up; at once where it is left out. */
  readonly drained?: () => Promise<void>;
}

/** The process's own streams. A reader that leaves early (`odo device list | head`) ends the command quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    drained: async () => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
  };
}
