import fc from 'fast-check';
import { packets } from '../test/packets';
import { decodeAvl } from './decode';
import { encodeAvl } from './encode';
import { readIo } from './io';
import { CODEC_16, CODEC_8, CODEC_8_EXTENDED } from './layout';
import { type AvlRecord, RecordFlag } from './record';
import { AvlWalk } from './walk';
import type { WalkedRecord } from './walked-record';

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
