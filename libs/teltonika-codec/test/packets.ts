import fc from 'fast-check';
import { type AvlCodecId, CODEC_16, CODEC_8, CODEC_8_EXTENDED } from '../src/layout';
import type { AvlPacket, AvlRecord, IoElement } from '../src/record';

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });

function element(codecId: AvlCodecId): fc.Arbitrary<IoElement> {
  const id = uint(codecId === CODEC_8 ? 8 : 16);
  const fixed: fc.Arbitrary<IoElement>[] = [
    fc.record({ id, size: fc.constant<1>(1), value: uint(8) }),
    fc.record({ id, size: fc.constant<2>(2), value: uint(16) }),
    fc.record({ id, size: fc.constant<4>(4), value: uint(32) }),
    fc.record({ id, size: fc.constant<8>(8), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  ];
  const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));
  const variable = fc.record({ id, size: fc.constant<'variable'>('variable'), value: bytes });
  return fc.oneof(...fixed, ...(codecId === CODEC_8_EXTENDED ? [variable] : []));
}

const GROUP_ORDER = [1, 2, 4, 8, 'variable'];

function record(codecId: AvlCodecId): fc.Arbitrary<AvlRecord> {
  const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const huge = fc.bigInt({ min: BigInt(Number.MAX_SAFE_INTEGER) + 1n, max: 2n ** 64n - 1n });
  const io = fc
    .array(element(codecId), { maxLength: 12 })
    .map((elements) => elements.sort((a, b) => GROUP_ORDER.indexOf(a.size) - GROUP_ORDER.indexOf(b.size)));
  const head = {
    timestampMs: fc.oneof<fc.Arbitrary<number | bigint>[]>(safe, huge),
    priority: uint(8),
    longitude: int(32),
    latitude: int(32),
    altitudeM: int(16),
    angleDeg: uint(16),
    satellites: uint(8),
    speedKmh: uint(16),
    eventIoId: uint(codecId === CODEC_8 ? 8 : 16),
    io,
  };
  return codecId === CODEC_16 ? fc.record({ ...head, generationType: uint(8) }) : fc.record(head);
}

/** Packets of every AVL codec with any values that they can hold. */
export const packets: fc.Arbitrary<AvlPacket> = fc
  .constantFrom<AvlCodecId[]>(CODEC_8, CODEC_8_EXTENDED, CODEC_16)
  .chain((codecId) =>
    fc.record({ codecId: fc.constant(codecId), records: fc.array(record(codecId), { maxLength: 6 }) }),
  );
