import fc from 'fast-check';
import { crc16 } from './crc16';
import { CodecError } from './errors';

function bitwiseCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

describe('crc16', () => {
  it('has the check value of CRC-16/ARC', () => {
    expect(crc16(Buffer.from('123456789'), 0, 9)).toBe(0xbb3d);
  });

  it('agrees with the bit-by-bit definition for every range of any bytes', () => {
    const ranges = fc.uint8Array({ maxLength: 100 }).chain((bytes) =>
      fc.tuple(fc.constant(bytes), fc.nat(bytes.length), fc.nat(bytes.length)).map(([all, a, b]) => ({
        all,
        start: Math.min(a, b),
        end: Math.max(a, b),
      })),
    );
    fc.assert(
      fc.property(ranges, ({ all, start, end }) => {
        expect(crc16(all, start, end)).toBe(bitwiseCrc(all.subarray(start, end)));
      }),
    );
  });

  it.each([
    [-1, 2],
    [0, 4],
    [2, 1],
  ])('refuses the range %d..%d of three bytes', (start, end) => {
    expect(() => crc16(new Uint8Array(3), start, end)).toThrow(CodecError);
  });
});
