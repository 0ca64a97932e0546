import { ageText } from './time-text';

describe('a length of time', () => {
  it.each([
    [null, '-'],
    [0, '0ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [192_000, '3m 12s'],
    [3_600_000, '1h'],
    [187_200_000, '2d 4h'],
  ])('of %p ms is %p', (ms, text) => expect(ageText(ms)).toBe(text));
});
