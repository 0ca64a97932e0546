import type { AvlCodecId } from './layout';

/**
 * One IO element as it is on the wire. The group gives the width; signedness, unit and name depend on the device
 * family and are not on the wire. 8-byte values are bigint because real ones exceed 2^53.
 */
export type IoElement =
  | { readonly id: number; readonly size: 1 | 2 | 4; readonly value: number }
  | { readonly id: number; readonly size: 8; readonly value: bigint }
  | { readonly id: number; readonly size: 'variable'; readonly value: Buffer };

/** One AVL record, raw: nothing is scaled, clamped or left out, so that encoding it again gives the same bytes. */
export interface AvlRecord {
  /** u64 milliseconds since 1970-01-01 UTC: a number up to 2^53 - 1, a bigint above. */
  readonly timestampMs: number | bigint;
  /** 0 low, 1 high, 2 panic, 3 security; other values are passed through. */
  readonly priority: number;
  /** 1e-7 degrees, i32, east positive. */
  readonly longitude: number;
  /** 1e-7 degrees, i32, north positive. */
  readonly latitude: number;
  /** Signed: devices at sea level report below 0. */
  readonly altitudeM: number;
  /** Clockwise from north. */
  readonly angleDeg: number;
  /** 0 means no fix: the position is the last valid one. */
  readonly satellites: number;
  readonly speedKmh: number;
  /** The element whose change caused the record; 0 for a periodic one. */
  readonly eventIoId: number;
  /** Codec 16 only, and there always. 0 to 7 are defined; other values are passed through. */
  readonly generationType?: number;
  /** Wire order, duplicates kept: groups of 1, 2, 4 and 8 bytes, then the variable ones. */
  readonly io: readonly IoElement[];
  /** The total that the record declares, only where it is not the number of its elements. */
  readonly declaredIoTotal?: number;
}

export interface AvlPacket<R extends AvlRecord = AvlRecord> {
  readonly codecId: AvlCodecId;
  /** 0 to 255; a packet without records is legal and is acknowledged with 0. */
  readonly records: readonly R[];
}

/** Bits of a record's `flags`: oddities that are reported and never lose a record. */
export const RecordFlag = {
  /** The declared IO total is not the sum of the groups; the groups are right. */
  ioTotalMismatch: 1,
  /** Priority above 3. */
  unknownPriority: 2,
  /** Generation type above 7 (codec 16). */
  unknownGenerationType: 4,
  /** An IO id occurs more than once; a view by id takes the last. */
  duplicateIo: 8,
  /** Timestamp 0 or beyond what a JavaScript Date holds (8.64e15 ms). Whether it is in the future is the reader's to say. */
  timestampInvalid: 16,
  /** Satellites 0, position 0/0, or coordinates off the globe. */
  fixInvalid: 32,
} as const;

export type RecordFlagName = keyof typeof RecordFlag;

/** The names of the bits that are set, in ascending order. */
export function recordFlagNames(flags: number): RecordFlagName[] {
  const names: RecordFlagName[] = [
    'ioTotalMismatch',
    'unknownPriority',
    'unknownGenerationType',
    'duplicateIo',
    'timestampInvalid',
    'fixInvalid',
  ];
  return names.filter((name) => (flags & RecordFlag[name]) !== 0);
}
