import { type BinaryTarget, type BinaryType } from './binary-types';

/** Dimensions, null flag, element type, length and lower bound. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

/**
 * A one-dimensional array in the form that PostgreSQL's `array_recv` reads. Its buffer as a parameter of a statement
 * goes out as it is: the server parses no text, and pg makes none out of thousands of values.
 */
export class BinaryArray<Value> {
  private target: BinaryTarget;
  private end = HEAD_BYTES;
  private count = 0;
  private hasNulls = false;

  /** @param expected Values; a good guess saves copies. */
  constructor(
    private readonly type: BinaryType<Value>,
    expected: number,
  ) {
    this.target = targetOf(HEAD_BYTES + expected * (LENGTH_BYTES + type.usualBytes));
  }

  static of<Value>(type: BinaryType<Value>, values: readonly (Value | null)[]): Buffer {
    const array = new BinaryArray(type, values.length);
    for (const value of values) array.push(value);
    return array.toBuffer();
  }

  push(value: Value | null): void {
    const length = value === null ? NULL_LENGTH : this.type.bytesOf(value);
    const start = this.end + LENGTH_BYTES;
    const end = value === null ? start : start + length;
    if (end > this.target.bytes.length) this.grow(end);
    this.target.view.setInt32(this.end, length);
    if (value === null) this.hasNulls = true;
    else this.type.write(this.target, start, value);
    this.end = end;
    this.count += 1;
  }

  /** A view of what has been written; the array takes no more after this. */
  toBuffer(): Buffer {
    const { bytes, view } = this.target;
    view.setInt32(0, 1);
    view.setInt32(4, this.hasNulls ? 1 : 0);
    view.setUint32(8, this.type.oid);
    view.setInt32(12, this.count);
    view.setInt32(16, 1);
    return bytes.subarray(0, this.end);
  }

  private grow(least: number): void {
    const larger = targetOf(2 * least);
    this.target.bytes.copy(larger.bytes, 0, 0, this.end);
    this.target = larger;
  }
}

function targetOf(length: number): BinaryTarget {
  const bytes = Buffer.allocUnsafe(length);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, length) };
}
