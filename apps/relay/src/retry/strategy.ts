/** When a refused message is tried again. Pure: the wait is added to the database's clock by who writes it. */

export const RETRY_STRATEGIES = ['none', 'constant', 'linear', 'exponential'] as const;
export type StrategyName = (typeof RETRY_STRATEGIES)[number];

export interface RetryStrategy {
  readonly strategy: StrategyName;
  /** Wait after the first refusal. */
  readonly delayMs: number;
  /** Linear: what each further wait is longer by. */
  readonly stepMs: number;
  /** Exponential: what each further wait is multiplied by. */
  readonly multiplier: number;
  readonly maxDelayMs: number;
  /** Attempts after which no more follows; 0 for any number. */
  readonly maxAttempts: number;
  /** Time since the first attempt after which no more follows; 0 for any. The last wait may end later. */
  readonly maxTotalMs: number;
  /** 0 to 1: the wait is made up to half of this shorter or longer. */
  readonly jitter: number;
}

export interface Tried {
  /** Attempts that failed, the one just made included; at least 1. */
  readonly attempts: number;
  /** From the first attempt to this one. */
  readonly triedForMs: number;
}

/** The wait before the next attempt in milliseconds, or undefined where there is none. */
export function nextDelayMs(
  options: RetryStrategy,
  { attempts, triedForMs }: Tried,
  random: () => number = Math.random,
): number | undefined {
  if (isExhausted(options, attempts)) return undefined;
  if (options.maxTotalMs > 0 && triedForMs >= options.maxTotalMs) return undefined;
  const jittered = plainDelayMs(options, attempts) * (1 + (random() - 0.5) * options.jitter);
  return Math.min(jittered, options.maxDelayMs);
}

/** Whether a message with so many refusals gets no attempt any more. */
export function isExhausted({ strategy, maxAttempts }: RetryStrategy, attempts: number): boolean {
  if (attempts === 0) return false;
  return strategy === 'none' || (maxAttempts > 0 && attempts >= maxAttempts);
}

function plainDelayMs({ strategy, delayMs, stepMs, multiplier }: RetryStrategy, attempts: number): number {
  if (strategy === 'linear') return delayMs + stepMs * (attempts - 1);
  // The power grows beyond every number; the caller's cap stands above all of it.
  if (strategy === 'exponential')
    return Math.min(delayMs * multiplier ** (attempts - 1), Number.MAX_SAFE_INTEGER);
  return delayMs;
}
