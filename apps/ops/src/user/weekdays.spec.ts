import * as fc from 'fast-check';
import { weekdaysOf, weekdaysText } from './weekdays';

describe('weekdays', () => {
  it.each([
    ['mon', 1],
    ['mon-fri', 31],
    ['sat,sun', 96],
    ['fri-mon', 113],
    ['Mon, Wed-Fri', 29],
    ['daily', 127],
    ['mon-sun', 127],
  ])('reads %s', (text, mask) => {
    expect(weekdaysOf(text)).toBe(mask);
  });

  it.each(['', 'monday', 'mon-', 'mon-tue-wed', '1-5', 'mon,,tue'])('takes %j for no days', (text) => {
    expect(weekdaysOf(text)).toBeUndefined();
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 127 }), (mask) => weekdaysOf(weekdaysText(mask)) === mask),
    );
    expect([31, 96, 127, 5, 119].map(weekdaysText)).toEqual([
      ...['mon-fri', 'sat,sun', 'daily', 'mon,wed', 'mon-wed,fri-sun'],
    ]);
  });
});
