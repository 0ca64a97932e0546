/** Growing columns of numbers: a ledger of millions of records as objects would not fit into memory. */
type Numbers = Float64Array | BigInt64Array | Int32Array | Uint32Array;

export class Column<A extends Numbers> {
  private length = 0;

  constructor(
    private values: A,
    private readonly grow: (old: A) => A,
  ) {}

  get size(): number {
    return this.length;
  }

  push(value: A[number]): number {
    if (this.length === this.values.length) this.values = this.grow(this.values);
    this.values[this.length] = value;
    this.length += 1;
    return this.length - 1;
  }

  /** @throws RangeError for an index that was never pushed. */
  at(index: number): A[number] {
    const value = index < this.length ? this.values[index] : undefined;
    if (value === undefined) throw new RangeError(`the column has ${this.length} values, not ${index + 1}`);
    return value;
  }

  set(index: number, value: A[number]): void {
    if (index >= this.length) throw new RangeError(`the column has ${this.length} values, not ${index + 1}`);
    this.values[index] = value;
  }
}

const FIRST = 1024;

/** A column that doubles its memory when it is full. */
export const float64Column = () =>
  new Column(new Float64Array(FIRST), (old) => {
    const next = new Float64Array(old.length * 2);
    next.set(old);
    return next;
  });
export const bigInt64Column = () =>
  new Column(new BigInt64Array(FIRST), (old) => {
    const next = new BigInt64Array(old.length * 2);
    next.set(old);
    return next;
  });
export const int32Column = () =>
  new Column(new Int32Array(FIRST), (old) => {
    const next = new Int32Array(old.length * 2);
    next.set(old);
    return next;
  });
export const uint32Column = () =>
  new Column(new Uint32Array(FIRST), (old) => {
    const next = new Uint32Array(old.length * 2);
    next.set(old);
    return next;
  });
