import fc from 'fast-check';
import { codeOf, outcomeOf } from '../test/code-of';
import { crc16 } from './crc16';
import { decodeAvl } from './decode';
import { encodeAvl } from './encode';
import { CodecError } from './errors';
import { readIo } from './io';
import { CODEC_16, CODEC_8, CODEC_8_EXTENDED } from './layout';
import { type AvlRecord, type IoElement, RecordFlag, recordFlagNames } from './record';
import { AvlWalk } from './walk';

const FIXED_IO: IoElement[] = [
  { id: 239, size: 1, value: 1 },
  { id: 66, size: 2, value: 12_874 },
  { id: 16, size: 4, value: 123_456_789 },
  { id: 11, size: 8, value: 2n ** 63n },
];
const VARIABLE_IO: IoElement[] = [
  ...FIXED_IO,
  { id: 256, size: 'variable', value: Buffer.from('WVWZZZ1KZAP000001') },
  { id: 385, size: 'variable', value: Buffer.alloc(0) },
];

function record(io: IoElement[], more: Partial<AvlRecord> = {}): AvlRecord {
  const position = { longitude: -583_800_000, latitude: -346_000_000, altitudeM: -6 };
  const rest = { priority: 1, angleDeg: 359, satellites: 9, speedKmh: 50, eventIoId: 239 };
  return { timestampMs: 1_735_689_600_000, ...position, ...rest, io, ...more };
}

const FRAMES: [string, Buffer][] = [
  ['codec 8', encodeAvl({ codecId: CODEC_8, records: [record(FIXED_IO), record([])] })],
  ['codec 8E', encodeAvl({ codecId: CODEC_8_EXTENDED, records: [record(VARIABLE_IO), record([])] })],
  ['codec 16', encodeAvl({ codecId: CODEC_16, records: [record(FIXED_IO, { generationType: 5 })] })],
];
const frame8 = FRAMES[0]?.[1] ?? Buffer.alloc(0);
const frame8E = FRAMES[1]?.[1] ?? Buffer.alloc(0);

/** The bytes as they are, except that reading an index at or behind the end fails instead of giving undefined. */
function guarded(bytes: Uint8Array): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (
        typeof key === 'string' &&
        /^-?\d/.test(key) &&
        !(Number(key) >= 0 && Number(key) < target.length)
      ) {
        throw new Error(`read of byte ${key} of ${target.length}`);
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Length and CRC made right again around a changed inside, so that the walk itself has to judge it. */
function sealed(frame: Uint8Array): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(copy.length - 12, 4);
  copy.writeUInt32BE(crc16(copy, 8, copy.length - 4), copy.length - 4);
  return copy;
}

function spliced(frame: Buffer, at: number, removed: number, inserted: number[] = []): Buffer {
  return sealed(Buffer.concat([frame.subarray(0, at), Buffer.from(inserted), frame.subarray(at + removed)]));
}

function changed(frame: Buffer, at: number, byte: number): Buffer {
  return spliced(frame, at, 1, [byte]);
}

describe('walk over records', () => {
  it.each(FRAMES)(
    '%s: truncated at any byte it is LENGTH_INVALID and nothing behind the end is read',
    (_, frame) => {
      for (let length = 0; length < frame.length; length++) {
        const cut = guarded(frame.subarray(0, length));
        expect(codeOf(() => decodeAvl(cut))).toBe('LENGTH_INVALID');
      }
      expect(codeOf(() => decodeAvl(guarded(frame)))).toBe('accepted');
    },
  );

  it.each(FRAMES)('%s: records truncated at any byte inside a sound envelope never decode', (_, frame) => {
    const recordsEnd = frame.length - 5;
    for (let end = 10; end < recordsEnd; end++) {
      const cut = guarded(spliced(frame, end, recordsEnd - end));
      expect(codeOf(() => decodeAvl(cut))).toBe('RECORD_OVERRUN');
    }
  });

  it.each(FRAMES)('%s: any changed bytes are decoded or refused with a CodecError', (_, frame) => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 8, max: frame.length - 5 }), fc.nat(255)), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(changes, fc.nat(30), (bytes, dropped) => {
        const mutated = Buffer.from(frame);
        for (const [at, byte] of bytes) mutated[at] = byte;
        const cut = guarded(spliced(mutated, frame.length - 5 - dropped, dropped));
        codeOf(() => decodeAvl(cut));
      }),
      { numRuns: 500 },
    );
  });

  it.each(FRAMES)('%s: a stored IO block truncated at any byte, or longer, is refused', (_, frame) => {
    const walk = new AvlWalk();
    const [first] = walk.read(frame);
    if (first === undefined) throw new Error('no record');
    const block = Buffer.from(walk.ioBytes(first));
    const codecId = walk.codecId ?? 0;
    for (let length = 0; length < block.length; length++) {
      expect(codeOf(() => readIo(guarded(block.subarray(0, length)), codecId))).toBe('RECORD_OVERRUN');
    }
    expect(codeOf(() => readIo(guarded(block), codecId))).toBe('accepted');
    expect(codeOf(() => readIo(Buffer.concat([block, Buffer.alloc(1)]), codecId))).toBe('TRAILING_BYTES');
    expect(codeOf(() => readIo(block, 0x09))).toBe('CODEC_UNKNOWN');
  });

  const lastIo: IoElement[] = [{ id: 385, size: 'variable', value: Buffer.from([1]) }];
  const lastVariable = encodeAvl({ codecId: CODEC_8_EXTENDED, records: [record(lastIo)] });
  const highCrc = Buffer.from(frame8);
  highCrc[frame8.length - 4] = 0x12;
  const lowCrc = Buffer.from(frame8);
  lowCrc[frame8.length - 1] = 1 ^ (frame8.at(-1) ?? 0);
  it.each([
    ['preamble', changed(frame8, 3, 1), 'PREAMBLE_INVALID', 0],
    ['one byte too many', Buffer.concat([frame8, Buffer.alloc(1)]), 'LENGTH_INVALID', 4],
    ['CRC', lowCrc, 'CRC_MISMATCH', frame8.length - 4],
    ['upper half of the CRC field', highCrc, 'CRC_MISMATCH', frame8.length - 4],
    ['codec', changed(frame8, 8, 0x09), 'CODEC_UNKNOWN', 8],
    ['command codec', changed(frame8, 8, 0x0c), 'CODEC_UNKNOWN', 8],
    ['count in front', changed(frame8, 9, 3), 'COUNT_MISMATCH', frame8.length - 5],
    ['count behind', changed(frame8, frame8.length - 5, 3), 'COUNT_MISMATCH', frame8.length - 5],
    [
      'byte behind the records',
      spliced(frame8, frame8.length - 5, 0, [0]),
      'TRAILING_BYTES',
      frame8.length - 5,
    ],
    ['1-byte group count', changed(frame8, 10 + 24 + 2, 200), 'RECORD_OVERRUN', 10 + 24 + 3],
    [
      'variable length',
      spliced(lastVariable, lastVariable.length - 8, 2, [0xff, 0xff]),
      'RECORD_OVERRUN',
      lastVariable.length - 10,
    ],
    [
      'variable group count',
      changed(frame8E, frame8E.length - 7, 0xff),
      'RECORD_OVERRUN',
      frame8E.length - 5,
    ],
  ])('refuses a wrong %s with code and offset', (_, frame, code, offset) => {
    expect(outcomeOf(() => new AvlWalk().read(frame))).toEqual({ code, offset });
  });

  it('keeps nothing of a frame that fails half-way', () => {
    const walk = new AvlWalk();
    expect(walk.read(frame8)).toHaveLength(2);
    expect(() => walk.read(spliced(frame8, frame8.length - 5, 0, [0]))).toThrow(CodecError);
    expect(walk.records).toEqual([]);
    expect(walk.codecId).toBeUndefined();
  });

  it('is reused: values of an earlier frame do not show through, sorting does not disturb the next read', () => {
    const walk = new AvlWalk();
    expect(walk.read(frame8).map((r) => [r.index, r.io(239), r.io(66)])).toEqual([
      [0, 1, 12_874],
      [1, undefined, undefined],
    ]);
    walk.read(frame8).sort((a, b) => b.index - a.index);
    const bare = encodeAvl({ codecId: CODEC_8, records: [record([]), record([])] });
    expect(walk.read(bare).map((r) => [r.index, r.io(239), r.io(66)])).toEqual([
      [0, undefined, undefined],
      [1, undefined, undefined],
    ]);
  });

  it('shows as many records as the last frame has', () => {
    const walk = new AvlWalk();
    const lengths = [2, 0, 1, 2].map((count) => {
      const records = Array.from({ length: count }, () => record([]));
      return walk.read(encodeAvl({ codecId: CODEC_8, records })).length;
    });
    expect(lengths).toEqual([2, 0, 1, 2]);
  });

  it('gives the last of two values of one id, and none that is no exact number', () => {
    const io: IoElement[] = [
      { id: 5, size: 1, value: 1 },
      { id: 5, size: 4, value: 0xffff_ffff },
      { id: 6, size: 8, value: 2n ** 53n - 1n },
      { id: 7, size: 8, value: 2n ** 53n },
      { id: 8, size: 'variable', value: Buffer.from([1]) },
    ];
    const [first] = new AvlWalk().read(encodeAvl({ codecId: CODEC_8_EXTENDED, records: [record(io)] }));
    expect([5, 6, 7, 8, 9].map((id) => first?.io(id))).toEqual([
      0xffff_ffff,
      2 ** 53 - 1,
      undefined,
      undefined,
      undefined,
    ]);
    expect(first?.hasDuplicateIo).toBe(true);
  });

  it('reads more elements than it first had room for', () => {
    const io = Array.from({ length: 9_000 }, (_, id): IoElement => ({ id, size: 1, value: id % 256 }));
    const walk = new AvlWalk();
    const [first] = walk.read(encodeAvl({ codecId: CODEC_8_EXTENDED, records: [record(io)] }));
    expect([first?.ioCount, first?.io(8_999), first?.hasDuplicateIo]).toEqual([9_000, 8_999 % 256, false]);
    expect(Array.from(walk.columns.elementLow.subarray(0, 300))).toEqual(
      io.slice(0, 300).map((e) => e.value),
    );
  });

  it.each<[string, Partial<AvlRecord>, number]>([
    ['nothing odd', {}, 0],
    ['priority 3, security', { priority: 3 }, 0],
    ['priority 200', { priority: 200 }, RecordFlag.unknownPriority],
    ['declared total', { declaredIoTotal: 3 }, RecordFlag.ioTotalMismatch],
    ['timestamp 0', { timestampMs: 0 }, RecordFlag.timestampInvalid],
    ['last timestamp of a Date', { timestampMs: 8.64e15 }, 0],
    ['one above', { timestampMs: 8.64e15 + 1 }, RecordFlag.timestampInvalid],
    ['timestamp 2^64 - 1', { timestampMs: 2n ** 64n - 1n }, RecordFlag.timestampInvalid],
    ['no satellites', { satellites: 0 }, RecordFlag.fixInvalid],
    ['position 0/0', { longitude: 0, latitude: 0 }, RecordFlag.fixInvalid],
    ['on the equator', { latitude: 0 }, 0],
    ['on the date line', { longitude: 1_800_000_000 }, 0],
    ['east of it', { longitude: 1_800_000_001 }, RecordFlag.fixInvalid],
    ['south of the pole', { latitude: -900_000_001 }, RecordFlag.fixInvalid],
    ['an id twice', { io: [...FIXED_IO, { id: 16, size: 8, value: 5n }] }, RecordFlag.duplicateIo],
  ])('flags %s', (_, fields, flags) => {
    const frame = encodeAvl({ codecId: CODEC_8, records: [record(FIXED_IO, fields), record(FIXED_IO)] });
    expect(decodeAvl(frame).records.map((r) => recordFlagNames(r.flags))).toEqual([
      recordFlagNames(flags),
      [],
    ]);
    expect(new AvlWalk().read(frame)[0]?.isFixValid).toBe(flags !== RecordFlag.fixInvalid);
  });
});
