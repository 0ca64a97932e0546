import { type BinaryTarget, type BinaryType } from './binary-types';

/** Dimensions, null flag, element type, length and lower bound. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

/**
 * Memory for the arrays of one statement, one behind the other, to be used again for the next one: new memory for each is
 * what costs most in making them.
 */
export class BinaryArena {
  private target = targetOf(0);
  private start = 0;

  /** What was handed out is overwritten from now on: call it when its statement has been answered, and not before. */
  reuse(): void {
    this.start = 0;
  }

  /** @internal Where an array may begin, with room for so many bytes. */
  open(bytes: number): { readonly target: BinaryTarget; readonly start: number } {
    if (this.start + bytes > this.target.bytes.length) {
      // What is in use already keeps the old memory.
      this.target = targetOf(Math.max(bytes, 2 * this.target.bytes.length));
      this.start = 0;
    }
    return { target: this.target, start: this.start };
  }

  /** @internal The array that was opened last lies in front of `end` of this target. */
  close(target: BinaryTarget, end: number): void {
    this.target = target;
    this.start = end;
  }
}

/**
 * A one-dimensional array in the form that PostgreSQL's `array_recv` reads. Its buffer as a parameter of a statement
 * goes out as it is: the server parses no text, and pg makes none out of thousands of values.
 */
export class BinaryArray<Value> {
  private target: BinaryTarget;
  private start: number;
  private end: number;
  private count = 0;
  private hasNulls = false;

  /** @param expected Values; a good guess saves copies. @param arena Takes no other array before `toBuffer`. */
  constructor(
    private readonly type: BinaryType<Value>,
    expected: number,
    private readonly arena?: BinaryArena,
  ) {
    const bytes = HEAD_BYTES + expected * (LENGTH_BYTES + type.usualBytes);
    const { target, start } = arena?.open(bytes) ?? { target: targetOf(bytes), start: 0 };
    this.target = target;
    this.start = start;
    this.end = start + HEAD_BYTES;
  }

  static of<Value>(type: BinaryType<Value>, values: readonly (Value | null)[]): Buffer {
    const array = new BinaryArray(type, values.length);
    for (const value of values) array.push(value);
    return array.toBuffer();
  }

  push(value: Value | null): void {
    const length = value === null ? NULL_LENGTH : this.type.bytesOf(value);
    const needed = LENGTH_BYTES + Math.max(0, length);
    if (this.end + needed > this.target.bytes.length) this.grow(needed);
    const at = this.end + LENGTH_BYTES;
    this.target.view.setInt32(this.end, length);
    if (value === null) this.hasNulls = true;
    else this.type.write(this.target, at, value);
    this.end += needed;
    this.count += 1;
  }

  /** A view of what has been written; the array takes no more after this. */
  toBuffer(): Buffer {
    const { start, end } = this;
    const { bytes, view } = this.target;
    view.setInt32(start, 1);
    view.setInt32(start + 4, this.hasNulls ? 1 : 0);
    view.setUint32(start + 8, this.type.oid);
    view.setInt32(start + 12, this.count);
    view.setInt32(start + 16, 1);
    this.arena?.close(this.target, end);
    return bytes.subarray(start, end);
  }

  private grow(bytes: number): void {
    const written = this.end - this.start;
    const larger = targetOf(2 * (written + bytes));
    this.target.bytes.copy(larger.bytes, 0, this.start, this.end);
    this.target = larger;
    this.start = 0;
    this.end = written;
  }
}

function targetOf(length: number): BinaryTarget {
  const bytes = Buffer.allocUnsafe(length);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, length) };
}
