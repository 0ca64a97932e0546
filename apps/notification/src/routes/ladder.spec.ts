import fc from 'fast-check';
import { longestLadderMs, retryDelayMs } from './ladder';

describe('retryDelayMs', () => {
  it('doubles from 10 s to 10 min', () => {
    const middle = () => 0.5;
    expect([1, 2, 3, 7, 8, 50].map((attempt) => retryDelayMs(attempt, middle))).toEqual([
      10_000, 20_000, 40_000, 600_000, 600_000, 600_000,
    ]);
  });

  it('stays within a quarter of its step, so that retries spread', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const step = retryDelayMs(attempt, () => 0.5);
          const delay = retryDelayMs(attempt, () => random);
          expect(Math.abs(delay - step)).toBeLessThanOrEqual(step / 4 + 1);
        },
      ),
    );
  });
});

describe('longestLadderMs', () => {
  it('is the sum of the rests between attempts', () => {
    expect([1, 2, 3, 4].map(longestLadderMs)).toEqual([0, 12_500, 37_500, 87_500]);
  });
});
