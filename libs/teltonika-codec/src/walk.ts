import { readU16, readU64, readU8, viewOf } from './bytes';
import { openEnvelope, RECORDS_OFFSET } from './envelope';
import { CodecError } from './errors';
import { IdMarks } from './id-marks';
import { type AvlCodecId, type AvlLayout, RECORD_HEAD_BYTES } from './layout';
import { type IoVisitor, walkIoBlock } from './walk-io';
import { flagsOf, readHead, WalkedRecord } from './walked-record';

/**
 * Checks whole TCP AVL frames and lays out their records without an object per IO element. Make one and reuse it
 * (it holds a table over all IO ids): `const walk = new AvlWalk([239, 240]); for (const r of walk.read(frame)) …`.
 */
export class AvlWalk<Id extends number = never> {
  private readonly walked: WalkedRecord<Id>[] = [];
  private readonly pool: WalkedRecord<Id>[] = [];
  private readonly marks: IdMarks;
  private readonly pickIds: readonly Id[];
  private readonly ioVisitor: IoVisitor;
  private frame: Uint8Array | undefined;
  private walkedCodecId: AvlCodecId | undefined;

  /** @param pickIds IO ids (at most 255) whose values `WalkedRecord.io` gives. Throws NOT_ENCODABLE for no such ids. */
  constructor(pickIds: readonly Id[]) {
    if (pickIds.length > 255 || pickIds.some((id) => !Number.isInteger(id) || id < 0 || id > 0xffff)) {
      throw new CodecError('NOT_ENCODABLE', 'picked IO ids are at most 255 integers of 0 to 65535');
    }
    this.pickIds = [...new Set(pickIds)];
    this.marks = new IdMarks(this.pickIds);
    this.ioVisitor = { marks: this.marks, picked: new Float64Array(0), declaredTotal: 0, elementCount: 0 };
  }

  /** The records of the last `read`, in wire order; empty after a failed one. */
  get records(): readonly WalkedRecord<Id>[] {
    return this.walked;
  }

  /** Codec of the last `read`. */
  get codecId(): AvlCodecId | undefined {
    return this.walkedCodecId;
  }

  /**
   * Checks the whole frame (preamble, length, CRC, codec, both counts, every record to the last byte) and returns
   * its records, which stay valid until the next `read` or `release`. Throws CodecError.
   */
  read(frame: Uint8Array): WalkedRecord<Id>[] {
    try {
      return this.readWhole(frame);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Lets go of the frame. */
  release(): void {
    this.walked.length = 0;
    this.frame = undefined;
    this.walkedCodecId = undefined;
  }

  /** The record's wire bytes, a view into the frame. */
  recordBytes(record: WalkedRecord<Id>): Buffer {
    return viewOf(this.current(), record.recordStart, record.recordEnd);
  }

  /** The record's IO block as `readIoBlock` takes it, a view into the frame. */
  ioBytes(record: WalkedRecord<Id>): Buffer {
    return viewOf(this.current(), record.ioStart, record.recordEnd);
  }

  timestampExactMs(record: WalkedRecord<Id>): bigint {
    return readU64(this.current(), record.recordStart);
  }

  private readWhole(frame: Uint8Array): WalkedRecord<Id>[] {
    const { layout, recordCount, recordsEnd } = openEnvelope(frame);
    let at = RECORDS_OFFSET;
    for (let index = 0; index < recordCount; index++) {
      at = this.readRecord(frame, at, recordsEnd, layout, this.pooled(index));
    }
    if (at !== recordsEnd) {
      throw new CodecError('TRAILING_BYTES', `${recordsEnd - at} bytes behind the last record`, at);
    }
    // In place: emptying and filling the array again would allocate its storage for every frame.
    if (this.walked.length > recordCount) this.walked.length = recordCount;
    for (let index = 0; index < recordCount; index++) this.walked[index] = this.pooled(index);
    this.frame = frame;
    this.walkedCodecId = layout.codecId;
    return this.walked;
  }

  private current(): Uint8Array {
    if (this.frame === undefined) throw new CodecError('LENGTH_INVALID', 'no frame has been read');
    return this.frame;
  }

  private pooled(index: number): WalkedRecord<Id> {
    const existing = this.pool[index];
    if (existing !== undefined) return existing;
    const made = new WalkedRecord(this.pickIds);
    made.index = index;
    this.pool.push(made);
    return made;
  }

  private readRecord(
    bytes: Uint8Array,
    start: number,
    end: number,
    layout: AvlLayout,
    record: WalkedRecord<Id>,
  ): number {
    const ioStart = start + RECORD_HEAD_BYTES;
    const afterEvent = ioStart + layout.eventIdBytes + layout.generationTypeBytes;
    if (afterEvent > end) throw new CodecError('RECORD_OVERRUN', 'the record head runs past the data', start);
    record.recordStart = start;
    record.ioStart = ioStart;
    readHead(bytes, start, record);
    record.eventIoId = layout.eventIdBytes === 1 ? readU8(bytes, ioStart) : readU16(bytes, ioStart);
    record.generationType = layout.generationTypeBytes === 1 ? readU8(bytes, afterEvent - 1) : -1;
    const io = this.ioVisitor;
    io.picked = record.picked;
    // A loop: TypedArray.fill costs more than the rest of the head for so few elements.
    for (let slot = 0; slot < record.picked.length; slot++) record.picked[slot] = NaN;
    this.marks.startRecord();
    record.recordEnd = walkIoBlock(bytes, afterEvent, end, layout, io);
    record.ioCount = io.elementCount;
    record.flags = flagsOf(record, io.declaredTotal, this.marks.sawDuplicate);
    return record.recordEnd;
  }
}
