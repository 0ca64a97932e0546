import { setTimeout as delay } from 'node:timers/promises';
import { OdographError } from '../errors';
import { type Logger } from '../observability';
import { type QuerySource } from './start-checks';
import { sqlStateOf } from './sql-errors';
import { statement } from './statement';

interface ReachOptions {
  readonly timeoutMs: number;
  /** Ends the waiting early. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

const PING = statement('database_ping', 'SELECT 1 AS one');
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 2_000;

/** Wrong password or role, no such database: waiting mends none of these. */
const HOPELESS_STATES = /^(28...|3D000)$/;

/** @throws OdographError POSTGRES_UNREACHABLE after the timeout, or at once where waiting cannot help. */
export async function untilReachable(
  source: QuerySource,
  { timeoutMs, signal, logger }: ReachOptions,
): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const over = AbortSignal.any([signal, timeout]);
  let lastError: unknown;
  for (let restMs = FIRST_REST_MS; !over.aborted; restMs = Math.min(restMs * 2, LONGEST_REST_MS)) {
    try {
      await unlessAborted(source.query(PING), over);
      return;
    } catch (error) {
      if (over.aborted) break;
      lastError = error;
      if (HOPELESS_STATES.test(sqlStateOf(error) ?? '')) break;
      logger.warn({ event: 'database_not_reachable_yet', restMs: Math.round(restMs), err: error });
      await rest(restMs, over);
    }
  }
  const detail = signal.aborted
    ? 'stopped while waiting for it'
    : timeout.aborted
      ? `no answer within ${timeoutMs} ms`
      : 'it refuses this login';
  throw new OdographError('POSTGRES_UNREACHABLE', { detail, cause: lastError });
}

async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('gave up waiting'));
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function rest(restMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(restMs, undefined, { signal });
  } catch (error) {
    // The signal ended the rest early; the loop looks at it next.
    if (!signal.aborted) throw error;
  }
}
