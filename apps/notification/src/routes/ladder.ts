/** The retry ladder of a route: 10 s, doubling, at most 10 min, each ±25% so that a recovered sink is not stormed. */
const FIRST_MS = 10_000;
const CAP_MS = 600_000;
const JITTER = 0.25;

/**
 * How long to rest after the given attempt (1 is the first) has failed.
 *
 * @param random uniform in [0, 1), for the jitter.
 */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const step = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 30));
  return Math.round(step * (1 - JITTER + 2 * JITTER * random()));
}

/** How long attempts can go on after the first one, with every rest at its longest. Outages of a sink come on top. */
export function longestLadderMs(maxAttempts: number): number {
  let sum = 0;
  for (let attempt = 1; attempt < maxAttempts; attempt += 1) sum += retryDelayMs(attempt, () => 1);
  return sum;
}
