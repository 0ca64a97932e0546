import { readI16, readU16, readU32, readU8, viewOf } from './bytes';
import { checkDatagram, checkFrame, CODEC_OFFSET, recordCountOf, trailingCountOffset } from './envelope';
import { CodecError } from './errors';
import { CODEC_7 } from './layout';
import type { IoElement } from './record';
import { UDP_DATA_OFFSET } from './udp-header';

const EPOCH_2007_MS = Date.UTC(2007, 0, 1);
const INVALID_SPEED_KMH = 255;
/** Priority and time, which stand before the record's block. */
const STAMP_BYTES = 4;

/** A record of codec 7. A mask says which fields are there; a missing one is unknown, not 0. */
export interface LegacyRecord {
  readonly timestampMs: number;
  /** 0 to 3. */
  readonly priority: number;
  /** Degrees: this codec sends 32-bit floats. */
  readonly latitude?: number;
  readonly longitude?: number;
  readonly altitudeM?: number;
  /** Clockwise from north, in steps of 360/256. */
  readonly angleDeg?: number;
  readonly speedKmh?: number;
  readonly satellites?: number;
  readonly cell?: { readonly areaCode: number; readonly cellId: number };
  readonly signalQuality?: number;
  /** MCC and MNC. */
  readonly operator?: number;
  /** False without coordinates, and for 255 km/h with no satellites, which this family sends for "no fix". */
  readonly isFixValid: boolean;
  readonly io: readonly IoElement[];
  /** The record's bytes, a view into what was read. */
  readonly bytes: Buffer;
}

export interface LegacyPacket {
  readonly codecId: typeof CODEC_7;
  readonly records: readonly LegacyRecord[];
}

/** Whether bytes that may be a frame are one of codec 7; nothing is checked. */
export const isCodec7 = (frame: Uint8Array): boolean => frame[CODEC_OFFSET] === CODEC_7;

export const isCodec7Datagram = (datagram: Uint8Array): boolean => datagram[UDP_DATA_OFFSET] === CODEC_7;

/** Reads a whole TCP frame of codec 7, which differs from those of the later codecs in its records only. Throws CodecError. */
export function decodeCodec7(frame: Uint8Array): LegacyPacket {
  checkFrame(frame);
  return readPacket(frame, CODEC_OFFSET, trailingCountOffset(frame));
}

/** The same for a UDP datagram of one channel packet. Throws CodecError. */
export function decodeCodec7Datagram(datagram: Uint8Array): LegacyPacket {
  checkDatagram(datagram);
  return readPacket(datagram, UDP_DATA_OFFSET, datagram.length - 1);
}

/** A record's bytes behind its time and priority: its masks say what follows, so its IO cannot be read without its place. */
export function codec7Block(record: LegacyRecord): Buffer {
  return record.bytes.subarray(STAMP_BYTES);
}

/** The elements of a block as `codec7Block` gives it. Throws CodecError. */
export function readCodec7Io(block: Uint8Array): IoElement[] {
  const cursor = new Cursor(block, 0, block.length);
  const { io } = readBlock(cursor);
  if (cursor.at !== block.length) throw trailing(cursor, block.length);
  return io;
}

function readPacket(bytes: Uint8Array, codecAt: number, end: number): LegacyPacket {
  const codecId = readU8(bytes, codecAt);
  if (codecId !== CODEC_7) {
    throw new CodecError('CODEC_UNKNOWN', `codec 0x${codecId.toString(16)} is not codec 7`, codecAt);
  }
  const recordCount = recordCountOf(bytes, codecAt, end);
  const cursor = new Cursor(bytes, codecAt + 2, end);
  const records = Array.from({ length: recordCount }, () => readRecord(bytes, cursor));
  if (cursor.at !== end) throw trailing(cursor, end);
  return { codecId: CODEC_7, records };
}

function trailing(cursor: Cursor, end: number): CodecError {
  return new CodecError('TRAILING_BYTES', `${end - cursor.at} bytes behind the last record`, cursor.at);
}

/** Bounded reading in wire order. */
class Cursor {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
    private readonly end: number,
  ) {}

  u8 = (): number => readU8(this.bytes, this.skip(1));
  u16 = (): number => readU16(this.bytes, this.skip(2));
  i16 = (): number => readI16(this.bytes, this.skip(2));
  u32 = (): number => readU32(this.bytes, this.skip(4));
  float = (): number => {
    const at = this.skip(4);
    return viewOf(this.bytes, at, at + 4).readFloatBE(0);
  };

  /** Where the next bytes start; throws RECORD_OVERRUN when they are not all there. */
  private skip(byteCount: number): number {
    const start = this.at;
    if (start + byteCount > this.end)
      throw new CodecError('RECORD_OVERRUN', 'the record runs past the data', start);
    this.at = start + byteCount;
    return start;
  }
}

/** Two bits of priority and 30 bits of seconds since 2007, then the block. */
function readRecord(bytes: Uint8Array, cursor: Cursor): LegacyRecord {
  const start = cursor.at;
  const stamp = cursor.u32();
  const { place, io } = readBlock(cursor);
  return {
    timestampMs: EPOCH_2007_MS + (stamp & 0x3fff_ffff) * 1_000,
    priority: stamp >>> 30,
    ...place,
    isFixValid: isValid(place),
    io,
    bytes: viewOf(bytes, start, cursor.at),
  };
}

/** A mask of groups, the groups. */
function readBlock(cursor: Cursor): { place: Place; io: IoElement[] } {
  const mask = cursor.u8();
  const place = has(mask, 0) ? readPlace(cursor) : {};
  const io: IoElement[] = [];
  if (has(mask, 1)) readGroup(cursor, 1, cursor.u8, io);
  if (has(mask, 2)) readGroup(cursor, 2, cursor.u16, io);
  if (has(mask, 3)) readGroup(cursor, 4, cursor.u32, io);
  return { place, io };
}

type Place = Omit<LegacyRecord, 'timestampMs' | 'priority' | 'isFixValid' | 'io' | 'bytes'>;

function readPlace(cursor: Cursor): Place {
  const mask = cursor.u8();
  // Latitude comes first here, unlike in the later codecs. The order of these lines is the order on the wire.
  return {
    ...(has(mask, 0) ? { latitude: cursor.float(), longitude: cursor.float() } : {}),
    ...(has(mask, 1) ? { altitudeM: cursor.i16() } : {}),
    ...(has(mask, 2) ? { angleDeg: (cursor.u8() * 360) / 256 } : {}),
    ...(has(mask, 3) ? { speedKmh: cursor.u8() } : {}),
    ...(has(mask, 4) ? { satellites: cursor.u8() } : {}),
    ...(has(mask, 5) ? { cell: { areaCode: cursor.u16(), cellId: cursor.u16() } } : {}),
    ...(has(mask, 6) ? { signalQuality: cursor.u8() } : {}),
    ...(has(mask, 7) ? { operator: cursor.u32() } : {}),
  };
}

function isValid({ latitude, longitude, speedKmh, satellites }: Place): boolean {
  if (latitude === undefined || longitude === undefined) return false;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return false;
  if (latitude === 0 && longitude === 0) return false;
  return !(speedKmh === INVALID_SPEED_KMH && satellites === 0);
}

function readGroup(cursor: Cursor, size: 1 | 2 | 4, value: () => number, io: IoElement[]): void {
  for (let left = cursor.u8(); left > 0; left--) io.push({ id: cursor.u8(), size, value: value() });
}

function has(mask: number, bit: number): boolean {
  return (mask & (1 << bit)) !== 0;
}
