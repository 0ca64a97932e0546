import { readU8, readU32 } from './bytes';

const EMPTY = new Uint8Array(0);
/** Room left for more bytes when bytes must move anyway, so that a byte at a time does not copy all of them each time. */
const MAX_SLACK_BYTES = 16_384;

/**
 * The unread bytes of one stream, in one piece. A chunk that arrives while nothing is unread is used in place;
 * `release` copies what is left of it, so that neither the caller's memory nor a large chunk is held by a few bytes.
 */
export class ByteQueue {
  private bytes: Uint8Array = EMPTY;
  private start = 0;
  private end = 0;
  private isOwned = false;

  get length(): number {
    return this.end - this.start;
  }

  /** `offset` counts from the first unread byte and must be below `length`. */
  u8(offset: number): number {
    return readU8(this.bytes, this.start + offset);
  }

  u32(offset: number): number {
    return readU32(this.bytes, this.start + offset);
  }

  append(chunk: Uint8Array): void {
    if (this.length === 0) {
      this.hold(chunk, chunk.length, false);
      return;
    }
    if (!this.isOwned || this.end + chunk.length > this.bytes.length) this.move(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  skip(byteCount: number): void {
    this.start += byteCount;
  }

  /** The next bytes, as a view: nothing is written over bytes that were appended. */
  take(byteCount: number): Buffer {
    const { buffer, byteOffset } = this.bytes;
    const taken = Buffer.from(buffer, byteOffset + this.start, byteCount);
    this.start += byteCount;
    // A chunk that was one frame is not kept until the next one comes.
    if (this.length === 0) this.clear();
    return taken;
  }

  /** Lets go of the caller's chunk, and of all memory when nothing is unread. */
  release(): void {
    if (this.length === 0) this.clear();
    else if (!this.isOwned)
      this.hold(new Uint8Array(this.bytes.subarray(this.start, this.end)), this.length, true);
  }

  clear(): void {
    this.hold(EMPTY, 0, false);
  }

  private move(extraBytes: number): void {
    const unread = this.length;
    const needed = unread + extraBytes;
    const target = new Uint8Array(needed + Math.min(needed, MAX_SLACK_BYTES));
    target.set(this.bytes.subarray(this.start, this.end));
    this.hold(target, unread, true);
  }

  private hold(bytes: Uint8Array, length: number, isOwned: boolean): void {
    this.bytes = bytes;
    this.start = 0;
    this.end = length;
    this.isOwned = isOwned;
  }
}
