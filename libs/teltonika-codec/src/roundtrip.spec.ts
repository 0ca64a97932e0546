import fc from 'fast-check';
import { decodeAvl } from './decode';
import { encodeAvl } from './encode';
import { readIo } from './io';
import { type AvlCodecId, CODEC_16, CODEC_8, CODEC_8_EXTENDED } from './layout';
import { type AvlPacket, type AvlRecord, type IoElement, RecordFlag } from './record';
import { AvlWalk } from './walk';
import type { WalkedRecord } from './walked-record';

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

const packets: fc.Arbitrary<AvlPacket> = fc
  .constantFrom<AvlCodecId[]>(CODEC_8, CODEC_8_EXTENDED, CODEC_16)
  .chain((codecId) =>
    fc.record({ codecId: fc.constant(codecId), records: fc.array(record(codecId), { maxLength: 6 }) }),
  );

const ODD_TOTAL_OFFSET = { [CODEC_8]: 1, [CODEC_8_EXTENDED]: 2, [CODEC_16]: 3 };

describe('encode and decode', () => {
  it('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const { codecId, records } = decodeAvl(encodeAvl(packet));
        expect({ codecId, records: records.map(({ flags: _flags, ...fields }) => fields) }).toEqual(packet);
      }),
    );
  });

  it('encode(decode(b)) = b, also where the declared IO total is wrong', () => {
    fc.assert(
      fc.property(packets, fc.boolean(), (packet, isTotalWrong) => {
        const records = packet.records.map((r) => (isTotalWrong ? { ...r, declaredIoTotal: 200 } : r));
        const bytes = encodeAvl({ ...packet, records });
        const decoded = decodeAvl(bytes);
        expect(encodeAvl(decoded).equals(bytes)).toBe(true);
        for (const { flags } of decoded.records)
          expect((flags & RecordFlag.ioTotalMismatch) !== 0).toBe(isTotalWrong);
      }),
    );
  });

  it('the walk gives the same heads, bytes and picked values as the objects', () => {
    const pickIds = [1, 2, 3, 239, 240];
    fc.assert(
      fc.property(packets, fc.array(fc.constantFrom(...pickIds), { maxLength: 8 }), (packet, renamed) => {
        const records = packet.records.map((r) => ({
          ...r,
          io: r.io.map((e, i) => ({ ...e, id: renamed[i] ?? e.id })),
        }));
        const frame = encodeAvl({ ...packet, records });
        const walk = new AvlWalk();
        const walked = walk.read(frame);
        const decoded = decodeAvl(frame).records;
        expect(walked).toHaveLength(decoded.length);
        decoded.forEach((expected, index) => {
          const actual = walked[index];
          if (actual === undefined) throw new Error('unreachable');
          expect(headsOfWalked(actual)).toEqual(headsOf(expected));
          expect(walk.timestampExactMs(actual)).toBe(BigInt(expected.timestampMs));
          expect(readIo(walk.ioBytes(actual), packet.codecId)).toEqual(expected.io);
          for (const id of pickIds) expect(actual.io(id)).toBe(lastNumber(expected, id));
          const ids = expected.io.map((e) => e.id);
          const hasDuplicate = new Set(ids).size !== ids.length;
          expect(actual.hasDuplicateIo).toBe(hasDuplicate);
          expect((expected.flags & RecordFlag.duplicateIo) !== 0).toBe(hasDuplicate);
        });
        const joined = Buffer.concat(walked.map((r) => walk.recordBytes(r)));
        expect(joined.equals(frame.subarray(10, frame.length - 5))).toBe(true);
      }),
    );
  });

  it('the declared total sits where the codec has it', () => {
    for (const codecId of [CODEC_8, CODEC_8_EXTENDED, CODEC_16] as const) {
      const generationType = codecId === CODEC_16 ? { generationType: 0 } : {};
      const zero = { priority: 0, longitude: 0, latitude: 0, altitudeM: 0, angleDeg: 0, satellites: 0 };
      const odd = { ...zero, ...generationType, timestampMs: 0, speedKmh: 0, eventIoId: 0, io: [] };
      const frame = encodeAvl({ codecId, records: [{ ...odd, declaredIoTotal: 200 }] });
      const countBytes = codecId === CODEC_8_EXTENDED ? 2 : 1;
      expect(frame.readUIntBE(10 + 24 + ODD_TOTAL_OFFSET[codecId], countBytes)).toBe(200);
    }
  });
});

function headsOf(r: AvlRecord) {
  return {
    timestampMs: Number(r.timestampMs),
    priority: r.priority,
    longitude: r.longitude,
    latitude: r.latitude,
    altitudeM: r.altitudeM,
    angleDeg: r.angleDeg,
    satellites: r.satellites,
    speedKmh: r.speedKmh,
    eventIoId: r.eventIoId,
    generationType: r.generationType ?? 0,
    ioCount: r.io.length,
  };
}

function headsOfWalked(r: WalkedRecord) {
  const { timestampMs, priority, longitude, latitude, altitudeM, angleDeg, satellites, speedKmh } = r;
  const { eventIoId, generationType, ioCount } = r;
  const head = { timestampMs, priority, longitude, latitude, altitudeM, angleDeg, satellites, speedKmh };
  return { ...head, eventIoId, generationType, ioCount };
}

/** What a view by id holds: the last fixed-width value, unless no number holds it exactly. */
function lastNumber(r: AvlRecord, id: number): number | undefined {
  const last = r.io.filter((e) => e.id === id && e.size !== 'variable').at(-1);
  if (last === undefined || last.size === 'variable') return undefined;
  const value = Number(last.value);
  return value > Number.MAX_SAFE_INTEGER ? undefined : value;
}
