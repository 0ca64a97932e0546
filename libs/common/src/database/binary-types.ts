/** Where a {@link BinaryType} writes: the same memory twice. */
export interface BinaryTarget {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** How PostgreSQL's `<type>_recv` reads values of a type. */
export interface BinaryType<Value> {
  /** As SQL names it. */
  readonly name: string;
  /** pg_type.oid. */
  readonly oid: number;
  /** Of most values; all of them in a type of fixed width. */
  readonly usualBytes: number;
  bytesOf(value: Value): number;
  write(target: BinaryTarget, at: number, value: Value): void;
}

type FixedWriter<Value> = (view: DataView, at: number, value: Value) => void;

function fixed<Value>(
  name: string,
  oid: number,
  width: number,
  write: FixedWriter<Value>,
): BinaryType<Value> {
  return {
    ...{ name, oid, usualBytes: width },
    bytesOf: () => width,
    write: ({ view }, at, value) => write(view, at, value),
  };
}

export const bool = fixed<boolean>('boolean', 16, 1, (view, at, value) => view.setUint8(at, value ? 1 : 0));
export const int2 = fixed<number>('smallint', 21, 2, (view, at, value) => view.setInt16(at, value));
export const int4 = fixed<number>('integer', 23, 4, (view, at, value) => view.setInt32(at, value));
/** A number is a safe integer. */
export const int8 = fixed<bigint | number>('bigint', 20, 8, (view, at, value) => {
  if (typeof value === 'bigint') return view.setBigInt64(at, value);
  view.setInt32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value >>> 0);
});

/** Milliseconds from 1970 to 2000, where PostgreSQL begins to count. */
const EPOCH_MS = 946_684_800_000;

/** Milliseconds since 1970; the infinities are those of PostgreSQL. */
export const timestamptz = fixed<number>('timestamptz', 1184, 8, (view, at, ms) => {
  if (!Number.isFinite(ms)) {
    view.setInt32(at, ms > 0 ? 0x7fff_ffff : -0x8000_0000);
    view.setUint32(at + 4, ms > 0 ? 0xffff_ffff : 0);
    return;
  }
  // Microseconds until the year 9999 exceed what a double carries: counted as (upper) x 2^16 + (lower 16 bits).
  const sinceEpochMs = ms - EPOCH_MS;
  const high = Math.floor(sinceEpochMs / 0x1_0000);
  const low = (sinceEpochMs - high * 0x1_0000) * 1000;
  const upper = high * 1000 + Math.floor(low / 0x1_0000);
  view.setInt32(at, Math.floor(upper / 0x1_0000));
  view.setUint16(at + 4, upper % 0x1_0000);
  view.setUint16(at + 6, low % 0x1_0000);
});

/** Bytes [start, end) of others: a view for each value would cost more than copying it. */
export interface ByteRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export const bytea: BinaryType<ByteRange> = {
  ...{ name: 'bytea', oid: 17, usualBytes: 128 },
  bytesOf: ({ start, end }) => end - start,
  write: (target, at, { bytes, start, end }) => bytes.copy(target.bytes, at, start, end),
};

/** JSON text, behind the one version of its binary form. */
export const jsonb: BinaryType<string> = {
  ...{ name: 'jsonb', oid: 3802, usualBytes: 512 },
  bytesOf: (json) => 1 + Buffer.byteLength(json),
  write: ({ bytes }, at, json) => {
    bytes[at] = 1;
    bytes.write(json, at + 1);
  },
};

export const text: BinaryType<string> = {
  ...{ name: 'text', oid: 25, usualBytes: 64 },
  bytesOf: (value) => Buffer.byteLength(value),
  write: ({ bytes }, at, value) => {
    bytes.write(value, at);
  },
};

const UUID_BYTES = 16;

/** In its usual writing. */
export const uuid: BinaryType<string> = {
  ...{ name: 'uuid', oid: 2950, usualBytes: UUID_BYTES },
  bytesOf: () => UUID_BYTES,
  write: ({ bytes }, at, value) => {
    const written = bytes.write(value.replaceAll('-', ''), at, UUID_BYTES, 'hex');
    if (written !== UUID_BYTES) throw new RangeError('a UUID has 32 hexadecimal digits');
  },
};

const NUMERIC_HEAD_BYTES = 8;
const NUMERIC_NEGATIVE = 0x4000;

/** Whole numbers of any size. */
export const numeric: BinaryType<bigint> = {
  ...{ name: 'numeric', oid: 1700, usualBytes: 0 },
  bytesOf: (value) => NUMERIC_HEAD_BYTES + 2 * numericDigits(value).length,
  write: ({ view }, at, value) => {
    const digits = numericDigits(value);
    view.setInt16(at, digits.length);
    view.setInt16(at + 2, digits.length - 1);
    view.setUint16(at + 4, value < 0n ? NUMERIC_NEGATIVE : 0);
    view.setInt16(at + 6, 0);
    digits.forEach((digit, index) => view.setInt16(at + NUMERIC_HEAD_BYTES + 2 * index, digit));
  },
};

/** Base 10,000, the highest first; none for zero. */
function numericDigits(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest /= 10_000n)
    digits.push(Number(rest % 10_000n));
  return digits.reverse();
}
