import { loadRecordDigest } from '@app/common/contracts';
import { hasCode } from '@app/common/errors';
import { type StreamEntry } from '@app/common/streams';
import {
  type AvlRecord,
  CODEC_7,
  CODEC_8_EXTENDED,
  decodeAvl,
  encodeAvl,
  encodeUdp,
  readIo,
} from '@app/teltonika-codec';
import { legacyDatagram, legacyFrame } from '../legacy.testing';
import { fixesOf } from '../sink.testing';
import { FrameDecoder } from './frame-decoder';
import { entryFields, frameOf, START_MS } from './ingest.testing';

const IMEI = '356307042441013';
let decoder: FrameDecoder;
beforeAll(async () => {
  decoder = new FrameDecoder(await loadRecordDigest());
});

function entryOf(frame: Buffer, changes: Record<string, string> = {}): StreamEntry {
  const fields = Object.entries({ ...entryFields(IMEI, frame), ...changes });
  return { id: '1-1', fields: new Map(fields.map(([name, value]) => [name, Buffer.from(value)])) };
}

/** The entry with its records each by itself. */
function decode(frame: Buffer, changes?: Record<string, string>) {
  const entry = decoder.decode(entryOf(frame, changes));
  return { ...entry, records: [...entry.records] };
}
const recordOf = (changes: Partial<AvlRecord>) => decode(frameOf(changes)).records[0];

it('gives the columns of a record and keeps its IO block and digest as they were on the wire', () => {
  const io = [
    { id: 239, size: 1, value: 0 },
    { id: 16, size: 4, value: 4_000_000_000 },
    { id: 66, size: 2, value: 12_345 },
  ] as const;
  const frame = encodeAvl({ codecId: CODEC_8_EXTENDED, records: [{ ...base(), io }] });
  const { imei, receivedAtMs, traceparent, records } = decode(frame);
  expect({ imei, receivedAtMs, traceparent }).toEqual({
    imei: IMEI,
    receivedAtMs: START_MS + 1000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  });
  expect(records[0]).toMatchObject({
    timeMs: START_MS,
    rawTimeMs: null,
    ignition: false,
    movement: null,
    odometerM: 4_000_000_000,
    externalVoltageMv: 12_345,
    codec: CODEC_8_EXTENDED,
    flags: 0,
    fixValid: true,
    io: frame.subarray(10 + 24, frame.length - 5),
  });
  // The same bytes in another frame are the same record.
  const twice = encodeAvl({
    codecId: CODEC_8_EXTENDED,
    records: [
      { ...base(), io, speedKmh: 1 },
      { ...base(), io },
    ],
  });
  expect(decode(twice).records[1]?.digest).toBe(records[0]?.digest);
});

it('reads a whole datagram where the entry says udp, to the same record as over TCP', () => {
  const header = { packetId: 0xcafe, packetType: 1, avlPacketId: 7, imei: IMEI };
  const datagram = encodeUdp({ header, codecId: CODEC_8_EXTENDED, records: [base()] });
  const overTcp = decode(encodeAvl({ codecId: CODEC_8_EXTENDED, records: [base()] }));
  expect(decode(datagram, { transport: 'udp' }).records).toEqual(overTcp.records);
  expect(() => decode(datagram)).toThrow('does not decode');
  expect(() => decode(datagram.subarray(0, -1), { transport: 'udp' })).toThrow('does not decode');
});

describe('codec 7', () => {
  const place = {
    latitude: 54.5,
    longitude: -25.25,
    altitudeM: -6,
    angle256: 64,
    speedKmh: 50,
    satellites: 9,
  };

  it('becomes a row like the others, with all that it sent in its block', () => {
    const io = { 239: 1, 240: 0 };
    const [row] = decode(legacyFrame({ timestampMs: START_MS, priority: 1, place, io })).records;
    expect(row).toMatchObject({
      ...{ timeMs: START_MS, rawTimeMs: null, longitude: -252_500_000, latitude: 545_000_000, altitudeM: -6 },
      ...{ angleDeg: 90, speedKmh: 50, satellites: 9, priority: 1, eventIoId: 0, fixValid: true, flags: 0 },
      ...{ ignition: true, movement: false, odometerM: null, externalVoltageMv: null, codec: CODEC_7 },
    });
    expect(readIo(row?.io ?? Buffer.alloc(0), CODEC_7)).toEqual([
      { id: 239, size: 1, value: 1 },
      { id: 240, size: 1, value: 0 },
    ]);
  });

  it('is the same record over UDP and in another frame, and another with another byte', () => {
    const record = { timestampMs: START_MS, place };
    const [overTcp] = decode(legacyFrame(record)).records;
    expect(decode(legacyDatagram(IMEI, 7, record), { transport: 'udp' }).records).toEqual([overTcp]);
    const [, second] = decode(legacyFrame({ timestampMs: START_MS }, record)).records;
    expect(second).toEqual(overTcp);
    const [other] = decode(legacyFrame({ ...record, priority: 2 })).records;
    expect(other?.digest).not.toBe(overTcp?.digest);
  });

  it.each([
    ['no place', undefined, 0],
    ['no satellites at 255 km/h', { ...place, speedKmh: 255, satellites: 0 }, 0],
    ['a place off the globe', { ...place, latitude: 90.5 }, 8],
    ['a place beyond the columns', { ...place, longitude: 3e38 }, 8],
    ['no number for a place', { ...place, longitude: NaN }, 8],
  ])('marks %s', (_, where, flags) => {
    const [row] = decode(legacyFrame({ timestampMs: START_MS, ...(where && { place: where }) })).records;
    expect(row).toMatchObject({ fixValid: false, flags });
    const { longitude = NaN, latitude = NaN } = row ?? {};
    expect(Math.max(Math.abs(longitude), Math.abs(latitude))).toBeLessThanOrEqual(1_800_000_000);
  });

  it.each([0, 255])('tells no speed from %i km/h', (speedKmh) => {
    const [known, unknown] = [speedKmh, undefined].map((speed) => {
      const frame = legacyFrame({ timestampMs: START_MS, place: { ...place, speedKmh: speed } });
      const { records } = decode(frame);
      return { row: records.at(0), fix: fixesOf(records).at(0) };
    });
    expect(known).toMatchObject({ row: { speedKmh }, fix: { speedKmh } });
    expect(unknown).toMatchObject({ row: { speedKmh: null, fixValid: true }, fix: { speedKmh: null } });
  });

  it('rounds the angle to what the column holds', () => {
    const [row] = decode(legacyFrame({ timestampMs: START_MS, place: { ...place, angle256: 255 } })).records;
    expect(row?.angleDeg).toBe(359);
  });

  it('is useless when it is damaged', () => {
    const frame = legacyFrame({ timestampMs: START_MS, place });
    expect(() => decode(frame.subarray(0, -1))).toThrow('does not decode');
    frame.writeUInt8(2, 9);
    expect(() => decode(frame)).toThrow('does not decode');
  });
});

function base(): AvlRecord {
  const [record] = decodeAvl(frameOf({})).records;
  if (record === undefined) throw new Error('the frame has no record');
  return record;
}

it.each([
  ['the last storable millisecond', { timestampMs: 253_402_300_799_999 }, { flags: 2, rawTimeMs: null }],
  ['the year 10000', { timestampMs: 253_402_300_800_000 }, { flags: 1, rawTimeMs: 253_402_300_800_000n }],
  [
    'the largest clock',
    { timestampMs: 2n ** 64n - 1n },
    { flags: 1, timeMs: Infinity, rawTimeMs: 2n ** 64n - 1n },
  ],
  ['two minutes ahead', { timestampMs: START_MS + 1000 + 120_000 }, { flags: 0 }],
  ['more than that', { timestampMs: START_MS + 1000 + 120_001 }, { flags: 2 }],
  ['another IO total', { declaredIoTotal: 7 }, { flags: 4, fixValid: true }],
  ['a place off the globe', { longitude: 1_800_000_001 }, { flags: 8, fixValid: false }],
  ['an unknown priority', { priority: 4 }, { flags: 16 }],
  ['no satellites', { satellites: 0 }, { flags: 0, fixValid: false }],
  ['0/0', { longitude: 0, latitude: 0 }, { flags: 0, fixValid: false }],
  ['an ignition that is neither off nor on', { io: [{ id: 239, size: 1, value: 2 }] }, { ignition: null }],
  ['a voltage beyond its column', { io: [{ id: 66, size: 4, value: 2 ** 31 }] }, { externalVoltageMv: null }],
] satisfies [string, Partial<AvlRecord>, object][])('marks %s', (_name, record, expected) => {
  expect(recordOf(record)).toMatchObject(expected);
});

it('names what makes an entry useless', () => {
  const codeOf = (frame: Buffer, changes?: Record<string, string>): string => {
    try {
      decode(frame, changes);
      return 'decoded';
    } catch (error) {
      return hasCode(error, 'FRAME_UNDECODABLE') || hasCode(error, 'CONTRACT_MISMATCH')
        ? error.code
        : String(error);
    }
  };
  expect(codeOf(frameOf({}))).toBe('decoded');
  expect(codeOf(frameOf({}), { v: '2' })).toBe('CONTRACT_MISMATCH');
  expect(codeOf(frameOf({}).subarray(1))).toBe('FRAME_UNDECODABLE');
  expect(codeOf(frameOf({}), { received_at: 'yesterday' })).toBe('FRAME_UNDECODABLE');
  expect(decode(encodeAvl({ codecId: CODEC_8_EXTENDED, records: [] })).records).toEqual([]);
});
