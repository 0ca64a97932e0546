import fc from 'fast-check';
import { comparePositions, decodeMark, encodeMark, MARK_DIGITS, type OutboxPosition } from './outbox';

const position: fc.Arbitrary<OutboxPosition> = fc.record({
  generation: fc.bigInt({ min: 0n, max: 9_999_999_999n }),
  xid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  id: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
});

describe('outbox marks', () => {
  it('come back as the position that they were made of', () => {
    fc.assert(fc.property(position, (it) => expect(decodeMark(encodeMark(it))).toEqual(it)));
  });

  it('compare as text like the positions compare', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [left, right] = [encodeMark(a), encodeMark(b)];
        expect(Math.sign(comparePositions(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });

  it('have one width, whatever the position', () => {
    fc.assert(fc.property(position, (it) => expect(encodeMark(it)).toHaveLength(MARK_DIGITS)));
  });

  it.each(['', '12', 'x'.repeat(MARK_DIGITS)])('refuse %j', (text) => {
    expect(() => decodeMark(text)).toThrow(RangeError);
  });
});
