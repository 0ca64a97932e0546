import { CODEC_7, CODEC_8, crc16, encodeUdp } from '@app/teltonika-codec';

/* Frames of codec 7, which the library reads only, for the specs of edge and ingest. Not part of the app. */

const EPOCH_2007_MS = Date.UTC(2007, 0, 1);

export interface TestLegacyPlace {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitudeM: number;
  /** In 256ths of the circle. */
  readonly angle256: number;
  /** Left out by the mask where it is undefined. */
  readonly speedKmh: number | undefined;
  readonly satellites: number;
}

export interface TestLegacyRecord {
  /** Whole seconds from 2007 on. */
  readonly timestampMs: number;
  readonly priority?: number;
  readonly place?: TestLegacyPlace;
  /** Elements of one byte, by id. */
  readonly io?: Readonly<Record<number, number>>;
}

/** Altitude, angle, speed and satellites besides the coordinates. */
const PLACE_MASK = 0b1_1111;
const SPEED_MASK = 0b0_1000;

/** A TCP frame with these records. */
export function legacyFrame(...records: readonly TestLegacyRecord[]): Buffer {
  const data = dataOf(records);
  const frame = Buffer.concat([Buffer.alloc(8), data, Buffer.alloc(4)]);
  frame.writeUInt32BE(data.length, 4);
  frame.writeUInt32BE(crc16(frame, 8, frame.length - 4), frame.length - 4);
  return frame;
}

/** A datagram of one channel packet with these records. */
export function legacyDatagram(
  imei: string,
  avlPacketId: number,
  ...records: readonly TestLegacyRecord[]
): Buffer {
  const header = { packetId: 0xcafe, packetType: 1, avlPacketId, imei };
  const empty = encodeUdp({ header, codecId: CODEC_8, records: [] });
  const datagram = Buffer.concat([empty.subarray(0, empty.length - 3), dataOf(records)]);
  datagram.writeUInt16BE(datagram.length - 2, 0);
  return datagram;
}

function dataOf(records: readonly TestLegacyRecord[]): Buffer {
  const count = records.length;
  return Buffer.concat([Buffer.from([CODEC_7, count]), ...records.map(recordOf), Buffer.from([count])]);
}

function recordOf({ timestampMs, priority = 0, place, io }: TestLegacyRecord): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(priority * 2 ** 30 + (timestampMs - EPOCH_2007_MS) / 1000, 0);
  head.writeUInt8((place === undefined ? 0 : 1) | (io === undefined ? 0 : 2), 4);
  const elements = Object.entries(io ?? {}).flatMap(([id, value]) => [Number(id), value]);
  const group = io === undefined ? [] : [elements.length / 2, ...elements];
  return Buffer.concat([head, place === undefined ? Buffer.alloc(0) : placeOf(place), Buffer.from(group)]);
}

function placeOf({
  latitude,
  longitude,
  altitudeM,
  angle256,
  speedKmh,
  satellites,
}: TestLegacyPlace): Buffer {
  const speed = speedKmh === undefined ? [] : [speedKmh];
  const bytes = Buffer.alloc(12);
  bytes.writeUInt8(PLACE_MASK & ~(speedKmh === undefined ? SPEED_MASK : 0), 0);
  bytes.writeFloatBE(latitude, 1);
  bytes.writeFloatBE(longitude, 5);
  bytes.writeInt16BE(altitudeM, 9);
  bytes.writeUInt8(angle256, 11);
  return Buffer.concat([bytes, Buffer.from([...speed, satellites])]);
}
