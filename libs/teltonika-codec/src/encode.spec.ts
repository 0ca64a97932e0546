import { codeOf } from '../test/code-of';
import { encodeAvl } from './encode';
import { type AvlCodecId, CODEC_16, CODEC_8, CODEC_8_EXTENDED } from './layout';
import type { AvlRecord, IoElement } from './record';

const RECORD: AvlRecord = {
  timestampMs: 1_735_689_600_000,
  priority: 0,
  longitude: 0,
  latitude: 0,
  altitudeM: 0,
  angleDeg: 0,
  satellites: 0,
  speedKmh: 0,
  eventIoId: 0,
  io: [],
};

const ones = (count: number): IoElement[] =>
  Array.from({ length: count }, (_, id) => ({ id: id % 256, size: 1, value: 0 }));

describe('encodeAvl', () => {
  it.each<[string, AvlCodecId, Partial<AvlRecord>]>([
    ['timestamp below 0', CODEC_8, { timestampMs: -1 }],
    ['fractional timestamp', CODEC_8, { timestampMs: 0.5 }],
    ['timestamp that is not exact', CODEC_8, { timestampMs: 2 ** 53 }],
    ['timestamp above u64', CODEC_8, { timestampMs: 2n ** 64n }],
    ['priority', CODEC_8, { priority: 256 }],
    ['longitude in degrees', CODEC_8, { longitude: 25.3 }],
    ['latitude above i32', CODEC_8, { latitude: 2 ** 31 }],
    ['altitude above i16', CODEC_8, { altitudeM: 32_768 }],
    ['NaN', CODEC_8, { speedKmh: NaN }],
    ['event id above 255 in codec 8', CODEC_8, { eventIoId: 256 }],
    ['IO id above 255 in codec 8', CODEC_8, { io: [{ id: 256, size: 1, value: 0 }] }],
    [
      'variable-width element in codec 8',
      CODEC_8,
      { io: [{ id: 1, size: 'variable', value: Buffer.alloc(1) }] },
    ],
    [
      'variable-width element in codec 16',
      CODEC_16,
      { generationType: 0, io: [{ id: 1, size: 'variable', value: Buffer.alloc(1) }] },
    ],
    ['value wider than its group', CODEC_8_EXTENDED, { io: [{ id: 1, size: 2, value: 65_536 }] }],
    ['negative value', CODEC_8_EXTENDED, { io: [{ id: 1, size: 4, value: -1 }] }],
    ['8-byte value above u64', CODEC_8_EXTENDED, { io: [{ id: 1, size: 8, value: 2n ** 64n }] }],
    [
      'variable-width value above 65,535 bytes',
      CODEC_8_EXTENDED,
      { io: [{ id: 1, size: 'variable', value: Buffer.alloc(65_536) }] },
    ],
    ['more elements than codec 8 counts', CODEC_8, { io: ones(256) }],
    ['more elements than codec 16 counts', CODEC_16, { generationType: 0, io: ones(256) }],
    ['no generation type in codec 16', CODEC_16, {}],
    ['generation type in codec 8E', CODEC_8_EXTENDED, { generationType: 5 }],
  ])('refuses %s', (_, codecId, fields) => {
    const packet = { codecId, records: [{ ...RECORD, ...fields }] };
    expect(codeOf(() => encodeAvl(packet))).toBe('NOT_ENCODABLE');
  });

  it('refuses the 256th record', () => {
    expect(encodeAvl({ codecId: CODEC_8, records: Array.from({ length: 255 }, () => RECORD) })[9]).toBe(255);
    const records = Array.from({ length: 256 }, () => RECORD);
    expect(codeOf(() => encodeAvl({ codecId: CODEC_8, records }))).toBe('NOT_ENCODABLE');
  });

  it('sorts elements into their groups and keeps their order within one', () => {
    const io: IoElement[] = [
      { id: 9, size: 2, value: 1 },
      { id: 7, size: 1, value: 2 },
      { id: 3, size: 2, value: 3 },
    ];
    const block = encodeAvl({ codecId: CODEC_8, records: [{ ...RECORD, io }] }).subarray(10 + 24, -5);
    expect(block.toString('hex')).toBe(
      '00' + '03' + '01' + '0702' + '02' + '090001' + '030003' + '00' + '00',
    );
  });
});
