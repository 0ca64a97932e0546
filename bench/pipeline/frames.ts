import { CODEC_8_EXTENDED, crc16, encodeAvl, type AvlRecord } from '@app/teltonika-codec';
import { IO_IDS, RECORDS_A_FRAME, speedKmhAt } from '../shared/records';

const RECORD_INTERVAL_MS = 1_000;
/** Codec id, N1 and the preamble before the first record. */
const RECORDS_AT = 10;
const DATA_AT = 8;
const CRC_BYTES = 4;
const SPEED_OFFSET = 22;
const LONGITUDE_OFFSET = 9;

/**
 * Frames of one device, each going on where the last one ended: 20 records of codec 8 Extended with 12 IO elements. All
 * share one buffer that is written over, since a load that builds packets anew would use up what it is to measure.
 */
export class FrameSeries {
  private readonly frame: Buffer;
  private readonly recordBytes: number;
  private record = 0;

  constructor(
    private readonly device: number,
    private readonly startMs: number,
  ) {
    this.frame = encodeAvl({
      codecId: CODEC_8_EXTENDED,
      records: Array.from({ length: RECORDS_A_FRAME }, () => recordOf(device)),
    });
    this.recordBytes = (this.frame.length - RECORDS_AT - 1 - CRC_BYTES) / RECORDS_A_FRAME;
  }

  /** The next frame; valid until the next call. */
  next(): Buffer {
    const { frame, recordBytes, device } = this;
    for (let index = 0; index < RECORDS_A_FRAME; index += 1, this.record += 1) {
      const at = RECORDS_AT + index * recordBytes;
      const timeMs = this.startMs + this.record * RECORD_INTERVAL_MS;
      frame.writeUInt32BE(Math.floor(timeMs / 2 ** 32), at);
      frame.writeUInt32BE(timeMs >>> 0, at + 4);
      frame.writeInt32BE(251_234_567 + device * 1_000 + this.record * 137, at + LONGITUDE_OFFSET);
      frame.writeUInt16BE(speedKmhAt(device * 37 + this.record), at + SPEED_OFFSET);
    }
    const crcAt = frame.length - CRC_BYTES;
    frame.writeUInt32BE(crc16(frame, DATA_AT, crcAt), crcAt);
    return frame;
  }
}

function recordOf(device: number): AvlRecord {
  return {
    timestampMs: 0,
    priority: 0,
    longitude: 251_234_567,
    latitude: 546_789_012 + device * 700,
    altitudeM: 120,
    angleDeg: device % 360,
    satellites: 11,
    speedKmh: 50,
    eventIoId: 0,
    io: [
      ...IO_IDS[1].map((id) => ({
        id,
        size: 1 as const,
        value: id === 239 || id === 240 ? 1 : device % 251,
      })),
      ...IO_IDS[2].map((id) => ({ id, size: 2 as const, value: (device * 7 + id * 31) % 65_521 })),
      ...IO_IDS[4].map((id) => ({ id, size: 4 as const, value: device * 7_919 + id })),
    ],
  };
}
