import { readI16, readI32, readU16, readU64Rounded, readU8 } from './bytes';
import { CodecError } from './errors';
import { RecordFlag } from './record';

const MAX_DATE_MS = 8.64e15;
const MAX_LONGITUDE = 1_800_000_000;
const MAX_LATITUDE = 900_000_000;
const MAX_KNOWN_PRIORITY = 3;
const MAX_KNOWN_GENERATION_TYPE = 7;

/** One record of a walked frame: its place in the frame, its head, and the picked IO values. Reused by the next walk. */
export class WalkedRecord<Id extends number = number> {
  /** Position in the frame, before any sorting. */
  index = 0;
  /** Byte range of the record in the frame; the IO block (event IO id to last element) is [ioStart, recordEnd). */
  recordStart = 0;
  ioStart = 0;
  recordEnd = 0;
  /** Exact up to 2^53, rounded above; `AvlWalk.timestampExactMs` is exact always. */
  timestampMs = 0;
  priority = 0;
  /** 1e-7 degrees. */
  longitude = 0;
  /** 1e-7 degrees. */
  latitude = 0;
  altitudeM = 0;
  angleDeg = 0;
  satellites = 0;
  speedKmh = 0;
  eventIoId = 0;
  /** Codec 16; -1 in the others. */
  generationType = -1;
  ioCount = 0;
  /** Bits of RecordFlag. */
  flags = 0;
  /** By position of the id among the picked ones; NaN where the record has no such value. */
  readonly picked: Float64Array;

  constructor(private readonly pickIds: readonly Id[]) {
    this.picked = new Float64Array(pickIds.length);
  }

  /**
   * The unsigned value of a picked id, the last one where it occurs twice; undefined when the record does not carry
   * it as a fixed-width value of at most 2^53 - 1. Missing is not zero. Throws IO_NOT_PICKED for any other id.
   */
  io(id: Id): number | undefined {
    const value = this.picked[this.pickIds.indexOf(id)];
    if (value === undefined) throw new CodecError('IO_NOT_PICKED', `IO ${id} is not picked by this walk`);
    return Number.isNaN(value) ? undefined : value;
  }

  get isFixValid(): boolean {
    return (this.flags & RecordFlag.fixInvalid) === 0;
  }
}

/** Fills the fields of the fixed head at `at`, which lies whole inside the bytes. */
export function readHead(bytes: Uint8Array, at: number, record: WalkedRecord): void {
  record.timestampMs = readU64Rounded(bytes, at);
  record.priority = readU8(bytes, at + 8);
  // Longitude comes first on the wire.
  record.longitude = readI32(bytes, at + 9);
  record.latitude = readI32(bytes, at + 13);
  record.altitudeM = readI16(bytes, at + 17);
  record.angleDeg = readU16(bytes, at + 19);
  record.satellites = readU8(bytes, at + 21);
  record.speedKmh = readU16(bytes, at + 22);
}

/** The flags of a record whose other fields are filled. */
export function flagsOf(record: WalkedRecord, declaredTotal: number, hasDuplicateIo: boolean): number {
  const { longitude, latitude, timestampMs } = record;
  let flags = 0;
  if (declaredTotal !== record.ioCount) flags |= RecordFlag.ioTotalMismatch;
  if (record.priority > MAX_KNOWN_PRIORITY) flags |= RecordFlag.unknownPriority;
  if (record.generationType > MAX_KNOWN_GENERATION_TYPE) flags |= RecordFlag.unknownGenerationType;
  if (hasDuplicateIo) flags |= RecordFlag.duplicateIo;
  if (timestampMs === 0 || timestampMs > MAX_DATE_MS) flags |= RecordFlag.timestampInvalid;
  const isOffGlobe = Math.abs(longitude) > MAX_LONGITUDE || Math.abs(latitude) > MAX_LATITUDE;
  const isNull = longitude === 0 && latitude === 0;
  if (record.satellites === 0 || isNull || isOffGlobe) flags |= RecordFlag.fixInvalid;
  return flags;
}
