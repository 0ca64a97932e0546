import { readU64, viewOf } from './bytes';
import { AvlColumns } from './columns';
import { openDatagram, openEnvelope, type AvlEnvelope } from './envelope';
import { CodecError } from './errors';
import { type AvlCodecId, RECORD_HEAD_BYTES } from './layout';
import { walkRecords } from './walk-records';
import { WalkedRecord } from './walked-record';

/**
 * Checks whole AVL packets and reads their records into arrays that it keeps, without an object for a record or an
 * element. Make one and reuse it: `for (const record of walk.read(frame)) record.io(239) …`.
 */
export class AvlWalk {
  /** The last packet's records as arrays, for those who read all of them. */
  readonly columns = new AvlColumns();
  private readonly views: WalkedRecord[] = [];
  private readonly walked: WalkedRecord[] = [];
  private bytes: Uint8Array | undefined;
  private walkedCodecId: AvlCodecId | undefined;

  /** The records of the last `read`, in wire order; empty after a failed one. */
  get records(): readonly WalkedRecord[] {
    return this.walked;
  }

  /** Codec of the last `read`. */
  get codecId(): AvlCodecId | undefined {
    return this.walkedCodecId;
  }

  /**
   * Checks a whole TCP frame (preamble, length, CRC, codec, both counts, every record to the last byte) and returns
   * its records, which stay valid until the next `read` or `release`. Throws CodecError.
   */
  read(frame: Uint8Array): WalkedRecord[] {
    return this.readOpened(frame, openEnvelope);
  }

  /**
   * The same for a UDP datagram of one channel packet, which has no CRC: its lengths, its counts and the exact walk
   * are all that tells damage. Throws CodecError.
   */
  readDatagram(datagram: Uint8Array): WalkedRecord[] {
    return this.readOpened(datagram, openDatagram);
  }

  /** Lets go of the bytes. */
  release(): void {
    this.walked.length = 0;
    this.columns.recordCount = 0;
    this.bytes = undefined;
    this.walkedCodecId = undefined;
  }

  /** The record's wire bytes, a view into what was read. */
  recordBytes(record: WalkedRecord): Buffer {
    return viewOf(this.current(), record.recordStart, record.recordEnd);
  }

  /** The record's IO block (event IO id to last element) as `readIoBlock` takes it, a view into what was read. */
  ioBytes(record: WalkedRecord): Buffer {
    return viewOf(this.current(), record.recordStart + RECORD_HEAD_BYTES, record.recordEnd);
  }

  timestampExactMs(record: WalkedRecord): bigint {
    return readU64(this.current(), record.recordStart);
  }

  private readOpened(bytes: Uint8Array, open: (bytes: Uint8Array) => AvlEnvelope): WalkedRecord[] {
    try {
      const { layout, recordCount, recordsStart, recordsEnd } = open(bytes);
      const at = walkRecords(bytes, recordsStart, recordsEnd, recordCount, layout, this.columns);
      if (at !== recordsEnd) {
        throw new CodecError('TRAILING_BYTES', `${recordsEnd - at} bytes behind the last record`, at);
      }
      this.show(recordCount);
      this.bytes = bytes;
      this.walkedCodecId = layout.codecId;
      return this.walked;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** In place: emptying and filling the array again would allocate its storage for every packet. */
  private show(recordCount: number): void {
    if (this.walked.length > recordCount) this.walked.length = recordCount;
    for (let index = 0; index < recordCount; index++) this.walked[index] = this.viewAt(index);
  }

  private viewAt(index: number): WalkedRecord {
    const existing = this.views[index];
    if (existing !== undefined) return existing;
    const made = new WalkedRecord(this.columns, index);
    this.views.push(made);
    return made;
  }

  private current(): Uint8Array {
    if (this.bytes === undefined) throw new CodecError('LENGTH_INVALID', 'no packet has been read');
    return this.bytes;
  }
}
