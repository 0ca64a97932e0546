import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** What is waited for, as the end of the sentence "waited 5000 ms for …". */
  what: string;
  /** Default 10,000. */
  timeoutMs?: number;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * Repeats `check` until it neither throws nor answers `false`, and gives its answer. The only way to wait in a test
 * besides awaiting a promise: it ends as soon as the condition holds and says what it was waiting for when it does not.
 * Fails with the last error as `cause`. A check that hangs counts as not met.
 */
export async function eventually<T>(
  check: () => T | false | Promise<T | false>,
  { what, timeoutMs = 10_000 }: EventuallyOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  const late = new AbortController();
  const timedOut = delay(timeoutMs, 'late' as const, { signal: late.signal }).catch(() => 'late' as const);
  let lastError: unknown;
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await Promise.race([attempt(check), timedOut]);
      if (outcome !== 'late' && 'value' in outcome) return outcome.value;
      if (outcome !== 'late') lastError = outcome.error ?? lastError;
      if (outcome === 'late' || performance.now() + pauseMs > deadline) break;
      await delay(pauseMs);
    }
  } finally {
    late.abort();
  }
  const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
  throw new Error(`waited ${timeoutMs} ms for ${what}${reason}`, { cause: lastError });
}

type Outcome<T> = { value: T } | { error: unknown };

async function attempt<T>(check: () => T | false | Promise<T | false>): Promise<Outcome<T>> {
  try {
    const value = await check();
    return value === false ? { error: undefined } : { value };
  } catch (error) {
    return { error };
  }
}
