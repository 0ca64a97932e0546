import { createLogger } from '@app/common/observability';
import { holdFor } from './store-hold';

const logger = createLogger({ app: 'edge-test', level: 'silent' });
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
  const outcome = holdFor(write, never, logger);
  await jest.advanceTimersByTimeAsync(15_000);
  await expect(outcome).resolves.toBe('kept');
  expect(jest.getTimerCount()).toBe(0);
});

it('attempts once where nobody waits', async () => {
  const abort = new AbortController();
  abort.abort();
  const bad = failing(Infinity);
  await expect(holdFor(bad.write, abort.signal, logger)).resolves.toBe('given-up');
  expect(bad.attempts).toBe(1);
  const good = failing(0);
  await expect(holdFor(good.write, abort.signal, logger)).resolves.toBe('kept');
});

it('ends its pause when the device goes', async () => {
  const abort = new AbortController();
  const { write } = failing(Infinity);
  const outcome = holdFor(write, abort.signal, logger);
  await jest.advanceTimersByTimeAsync(1);
  abort.abort();
  await expect(outcome).resolves.toBe('given-up');
  expect(jest.getTimerCount()).toBe(0);
});
