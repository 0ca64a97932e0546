import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { HeldWrites } from './held-writes';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** `given-up`: the store did not take it in time, or nobody waits any more; what happened to it is not known. */
export type HoldOutcome = 'kept' | 'given-up';

const held = new HeldWrites();

/**
 * Repeats a write while the device waits: its own response timeout and resend are slower and cost a connection, and an
 * ack of 0 would make it send again at once, all devices together. The hold differs by device (a fifth up or down),
 * so that a long outage does not disconnect a whole fleet in one second.
 *
 * @param signal aborted when waiting lost its point; the attempt under way is still awaited, within the hold.
 */
export function holdFor(
  write: () => Promise<void>,
  holdMs: number,
  signal: AbortSignal,
  logger: Logger,
): Promise<HoldOutcome> {
  return new Promise((resolve) => {
    const limitMs = holdMs * (0.8 + Math.random() * 0.4);
    // A write that hangs must not hold the device longer than one that fails.
    const hold = held.add(limitMs, () => resolve('given-up'));
    write().then(
      () => {
        held.remove(hold);
        resolve('kept');
      },
      (error: unknown) => {
        held.remove(hold);
        noteFailure(error, logger);
        resolve(repeat(write, hold.dueAt, signal, logger));
      },
    );
  });
}

/** What is left of the hold after a first attempt that failed. */
async function repeat(
  write: () => Promise<void>,
  dueAt: number,
  signal: AbortSignal,
  logger: Logger,
): Promise<HoldOutcome> {
  const timeUp = timer(dueAt - performance.now());
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (signal.aborted || performance.now() >= dueAt) return 'given-up';
      await pause(pauseMs * (0.75 + Math.random() / 2), signal, timeUp.fired);
      if (signal.aborted) return 'given-up';
      const outcome = await Promise.race([attempt(write, logger), timeUp.fired]);
      if (outcome === 'kept') return 'kept';
      if (outcome === 'time-up') return 'given-up';
    }
  } finally {
    timeUp.clear();
  }
}

async function attempt(write: () => Promise<void>, logger: Logger): Promise<'kept' | 'failed'> {
  try {
    await write();
    return 'kept';
  } catch (error) {
    noteFailure(error, logger);
    return 'failed';
  }
}

function noteFailure(error: unknown, logger: Logger): void {
  logger.debug({ event: 'edge_append_failed', reason: describeError(error) });
}

async function pause(ms: number, signal: AbortSignal, timeUp: Promise<unknown>): Promise<void> {
  const rest = timer(ms);
  let wake = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  signal.addEventListener('abort', wake);
  await Promise.race([rest.fired, aborted, timeUp]);
  signal.removeEventListener('abort', wake);
  rest.clear();
}

function timer(ms: number): { fired: Promise<'time-up'>; clear: () => void } {
  let handle: NodeJS.Timeout | undefined;
  const fired = new Promise<'time-up'>((resolve) => {
    handle = setTimeout(() => resolve('time-up'), ms);
  });
  return { fired, clear: () => clearTimeout(handle) };
}
