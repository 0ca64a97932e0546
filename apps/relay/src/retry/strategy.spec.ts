import fc from 'fast-check';
import { isExhausted, nextDelayMs, RETRY_STRATEGIES, type RetryStrategy } from './strategy';

const DEFAULT: RetryStrategy = {
  ...{ strategy: 'exponential', delayMs: 1000, stepMs: 1000, multiplier: 2, maxDelayMs: 300_000 },
  ...{ maxAttempts: 10, maxTotalMs: 0, jitter: 0 },
};
const middle = () => 0.5;
const delays = (options: Partial<RetryStrategy>, upTo: number) =>
  Array.from({ length: upTo }, (_, index) =>
    nextDelayMs({ ...DEFAULT, ...options }, { attempts: index + 1, triedForMs: 0 }, middle),
  );

describe('nextDelayMs', () => {
  it('doubles up to the cap and ends after the last attempt', () => {
    expect(delays({ maxDelayMs: 5000, maxAttempts: 6 }, 6)).toEqual([
      1000,
      2000,
      4000,
      5000,
      5000,
      undefined,
    ]);
  });

  it('rises by steps, or not at all, or is none', () => {
    expect(delays({ strategy: 'linear', stepMs: 300 }, 3)).toEqual([1000, 1300, 1600]);
    expect(delays({ strategy: 'constant' }, 3)).toEqual([1000, 1000, 1000]);
    expect(delays({ strategy: 'none', maxAttempts: 0 }, 2)).toEqual([undefined, undefined]);
  });

  it('ends by the time that was spent', () => {
    const options = { ...DEFAULT, maxTotalMs: 60_000 };
    expect(nextDelayMs(options, { attempts: 2, triedForMs: 59_999 }, middle)).toBe(2000);
    expect(nextDelayMs(options, { attempts: 2, triedForMs: 60_000 }, middle)).toBeUndefined();
  });

  it('is a finite wait within the jitter and under the cap, however often it was tried', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RETRY_STRATEGIES),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (strategy, attempts, jitter, chance) => {
          const options = { ...DEFAULT, strategy, jitter, maxAttempts: 0 };
          const tried = { attempts, triedForMs: 0 };
          const [wait, plain] = [
            nextDelayMs(options, tried, () => chance),
            nextDelayMs({ ...options, jitter: 0 }, tried),
          ];
          if (wait === undefined || plain === undefined) return strategy === 'none';
          return wait <= options.maxDelayMs && wait >= plain * 0.5 - 1e-6 && Number.isFinite(wait);
        },
      ),
    );
  });
});

describe('isExhausted', () => {
  it('is never so before the first attempt', () => {
    expect(isExhausted({ ...DEFAULT, strategy: 'none' }, 0)).toBe(false);
    expect(isExhausted({ ...DEFAULT, maxAttempts: 3 }, 2)).toBe(false);
    expect(isExhausted({ ...DEFAULT, maxAttempts: 3 }, 3)).toBe(true);
    expect(isExhausted({ ...DEFAULT, maxAttempts: 0 }, 1_000_000)).toBe(false);
  });
});
