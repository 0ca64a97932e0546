import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** `given-up`: nobody waits any more; what happened to the write is not known. */
export type HoldOutcome = 'kept' | 'given-up';

/**
 * Repeats a write while the device waits: its own response timeout and resend are slower and cost a connection, and an
 * ack of 0 would make it send again at once, all devices together. How long it waits is the session's to say.
 *
 * @param signal aborted when waiting lost its point; the attempt under way is still awaited.
 */
export async function holdFor(
  write: () => Promise<void>,
  signal: AbortSignal,
  logger: Logger,
): Promise<HoldOutcome> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await write();
      return 'kept';
    } catch (error) {
      logger.debug({ event: 'edge_append_failed', reason: describeError(error) });
    }
    if (signal.aborted) return 'given-up';
    await pause(pauseMs * (0.75 + Math.random() / 2), signal);
    if (signal.aborted) return 'given-up';
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}
