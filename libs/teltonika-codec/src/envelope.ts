import { readU8, readU32 } from './bytes';
import { crc16 } from './crc16';
import { CodecError } from './errors';
import { type AvlLayout, layoutOf } from './layout';
import { channelPacketEnd, UDP_DATA_OFFSET } from './udp-header';

/*
 * TCP frame: preamble 00000000, u32 length of the data field, data field {codec id, N1, records, N2}, u32 CRC of
 * the data field.
 */
export const LENGTH_OFFSET = 4;
export const CODEC_OFFSET = 8;
export const COUNT_OFFSET = 9;
export const RECORDS_OFFSET = 10;
/** Bytes of a frame outside its data field. */
export const FRAME_OVERHEAD_BYTES = 12;
/** Codec id, N1 and N2. */
export const MIN_DATA_BYTES = 3;

/** Compares all 32 bits: in every valid frame the upper half of the field is zero. */
export function isCrcValid(frame: Uint8Array): boolean {
  const crcOffset = frame.length - 4;
  return crc16(frame, CODEC_OFFSET, crcOffset) === readU32(frame, crcOffset);
}

/** Position of N2, the record count behind the records. */
export function trailingCountOffset(frame: Uint8Array): number {
  return frame.length - 5;
}

export interface AvlEnvelope {
  readonly layout: AvlLayout;
  readonly recordCount: number;
  readonly recordsStart: number;
  /** Where the records must end exactly: the position of N2. */
  readonly recordsEnd: number;
}

/** Checks everything about a whole TCP AVL frame except its records. Throws CodecError. */
export function openEnvelope(frame: Uint8Array): AvlEnvelope {
  checkFrame(frame);
  return openData(frame, CODEC_OFFSET, trailingCountOffset(frame));
}

/** Checks what frames of every codec share: preamble, length and CRC. Throws CodecError. */
export function checkFrame(frame: Uint8Array): void {
  if (frame.length < MIN_DATA_BYTES + FRAME_OVERHEAD_BYTES) {
    throw new CodecError('LENGTH_INVALID', `${frame.length} bytes are no whole frame`, frame.length);
  }
  if (readU32(frame, 0) !== 0)
    throw new CodecError('PREAMBLE_INVALID', 'the frame does not start with 00000000', 0);
  const dataBytes = readU32(frame, LENGTH_OFFSET);
  if (dataBytes + FRAME_OVERHEAD_BYTES !== frame.length) {
    const message = `a data field of ${dataBytes} bytes does not make a frame of ${frame.length}`;
    throw new CodecError('LENGTH_INVALID', message, LENGTH_OFFSET);
  }
  if (!isCrcValid(frame)) {
    throw new CodecError('CRC_MISMATCH', 'the CRC does not match the data field', frame.length - 4);
  }
}

/** A frame around a data field that is in place already: preamble, length and CRC. */
export function sealFrame(frame: Buffer): Buffer {
  frame.writeUInt32BE(0, 0);
  frame.writeUInt32BE(frame.length - FRAME_OVERHEAD_BYTES, LENGTH_OFFSET);
  const crcOffset = frame.length - 4;
  frame.writeUInt32BE(crc16(frame, CODEC_OFFSET, crcOffset), crcOffset);
  return frame;
}

/** Checks everything about a UDP datagram of one channel packet except its records. Throws CodecError. */
export function openDatagram(datagram: Uint8Array): AvlEnvelope {
  checkDatagram(datagram);
  return openData(datagram, UDP_DATA_OFFSET, datagram.length - 1);
}

/** Checks that a datagram is one channel packet, and its header. Throws CodecError. */
export function checkDatagram(datagram: Uint8Array): void {
  const end = channelPacketEnd(datagram, 0);
  if (end === datagram.length) return;
  throw new CodecError('LENGTH_INVALID', `${datagram.length - end} bytes behind the channel packet`, end);
}

/** N1 of the data field that starts at `codecAt` and has N2 at `recordsEnd`. Throws COUNT_MISMATCH. */
export function recordCountOf(bytes: Uint8Array, codecAt: number, recordsEnd: number): number {
  const recordCount = readU8(bytes, codecAt + 1);
  const trailingCount = readU8(bytes, recordsEnd);
  if (trailingCount === recordCount) return recordCount;
  const message = `${recordCount} records before, ${trailingCount} behind the records`;
  throw new CodecError('COUNT_MISMATCH', message, recordsEnd);
}

function openData(bytes: Uint8Array, codecAt: number, recordsEnd: number): AvlEnvelope {
  const layout = layoutOf(readU8(bytes, codecAt), codecAt);
  const recordCount = recordCountOf(bytes, codecAt, recordsEnd);
  return { layout, recordCount, recordsStart: codecAt + 2, recordsEnd };
}
