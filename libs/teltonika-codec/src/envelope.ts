import { readU8, readU32 } from './bytes';
import { crc16 } from './crc16';
import { CodecError } from './errors';
import { type AvlLayout, layoutOf } from './layout';

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
  /** Where the records must end exactly: the position of N2. */
  readonly recordsEnd: number;
}

/** Checks everything about a whole TCP AVL frame except its records. Throws CodecError. */
export function openEnvelope(frame: Uint8Array): AvlEnvelope {
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
  const layout = layoutOf(readU8(frame, CODEC_OFFSET), CODEC_OFFSET);
  const recordCount = readU8(frame, COUNT_OFFSET);
  const recordsEnd = trailingCountOffset(frame);
  const trailingCount = readU8(frame, recordsEnd);
  if (trailingCount !== recordCount) {
    const message = `${recordCount} records before, ${trailingCount} behind the records`;
    throw new CodecError('COUNT_MISMATCH', message, recordsEnd);
  }
  return { layout, recordCount, recordsEnd };
}
