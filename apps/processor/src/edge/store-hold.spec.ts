import { createLogger } from '@app/common/observability';
import { holdFor } from './store-hold';

const logger = createLogger({ app: 'edge-test', level: 'silent' });
const HOLD_MS = 30_000;
const never = new AbortController().signal;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A write that fails so often before it succeeds. */
function failing(times: number): { write: () => Promise<void>; readonly attempts: number } {
  let attempts = 0;
  return {
    write: () => {
      attempts += 1;
      return attempts <= times ? Promise.reject(new Error('no store')) : Promise.resolve();
    },
    get attempts() {
      return attempts;
    },
  };
}

it('repeats until the store takes it', async () => {
  const { write } = failing(5);
  const outcome = holdFor(write, HOLD_MS, never, logger);
  await jest.advanceTimersByTimeAsync(HOLD_MS / 2);
  await expect(outcome).resolves.toBe('kept');
  expect(jest.getTimerCount()).toBe(0);
});

it('gives up after the hold, a fifth sooner or later', async () => {
  const { write } = failing(Infinity);
  let isOver = false;
  const outcome = holdFor(write, HOLD_MS, never, logger).finally(() => (isOver = true));
  await jest.advanceTimersByTimeAsync(HOLD_MS * 0.79);
  expect(isOver).toBe(false);
  await jest.advanceTimersByTimeAsync(HOLD_MS * 0.42);
  await expect(outcome).resolves.toBe('given-up');
  expect(jest.getTimerCount()).toBe(0);
});

it('gives up on a write that never answers', async () => {
  const outcome = holdFor(() => new Promise(() => undefined), HOLD_MS, never, logger);
  await jest.advanceTimersByTimeAsync(HOLD_MS * 1.21);
  await expect(outcome).resolves.toBe('given-up');
});

it('attempts once where nobody waits', async () => {
  const abort = new AbortController();
  abort.abort();
  const bad = failing(Infinity);
  await expect(holdFor(bad.write, HOLD_MS, abort.signal, logger)).resolves.toBe('given-up');
  expect(bad.attempts).toBe(1);
  const good = failing(0);
  await expect(holdFor(good.write, HOLD_MS, abort.signal, logger)).resolves.toBe('kept');
});

it('ends its pause when the device goes', async () => {
  const abort = new AbortController();
  const { write } = failing(Infinity);
  const outcome = holdFor(write, HOLD_MS, abort.signal, logger);
  await jest.advanceTimersByTimeAsync(1);
  abort.abort();
  await expect(outcome).resolves.toBe('given-up');
  expect(jest.getTimerCount()).toBe(0);
});
