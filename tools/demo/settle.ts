import { pause } from '../../apps/ops/src/fleet';
import { balance, differencesOf, type Account, type Evidence, type Promises } from './balance';

export interface SettleOptions {
  readonly promises: () => Promise<Promises>;
  readonly evidence: () => Promise<Evidence>;
  readonly onProgress: (share: number, open: number) => void;
  /** Without any progress for so long, what is still open is a difference. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 250;

/** Strikes the balance again and again until it is even, or until nothing more arrives. */
export async function settle(options: SettleOptions): Promise<Account[]> {
  const { promises, evidence, onProgress, patienceMs, signal } = options;
  let fewest = Infinity;
  let most = 0;
  let progressAt = performance.now();
  for (;;) {
    const accounts = balance(await promises(), await evidence());
    const open = differencesOf(accounts).length;
    most = Math.max(most, open);
    if (open < fewest) {
      fewest = open;
      progressAt = performance.now();
    }
    onProgress(most === 0 ? 1 : 1 - open / most, open);
    const isOver = open === 0 || signal.aborted || performance.now() - progressAt > patienceMs;
    if (isOver) return accounts;
    await pause(PAUSE_MS, signal);
  }
}
