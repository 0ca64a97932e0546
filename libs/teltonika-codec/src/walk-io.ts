import { readU16, readU32, readU64Rounded, readU8 } from './bytes';
import { CodecError } from './errors';
import type { IdMarks } from './id-marks';
import type { AvlLayout } from './layout';

/** What a walk over one IO block leaves behind; the caller owns and reuses it. */
export interface IoVisitor {
  readonly marks: IdMarks;
  picked: Float64Array;
  declaredTotal: number;
  /** Sum over the groups. */
  elementCount: number;
}

/**
 * Walks the IO totals and groups at `[at, end)`, notes every id, and returns the end of the block. Compares with
 * `end` once per group, and per element where elements have lengths of their own. Throws RECORD_OVERRUN.
 */
export function walkIoBlock(
  bytes: Uint8Array,
  at: number,
  end: number,
  layout: AvlLayout,
  io: IoVisitor,
): number {
  io.declaredTotal = readCount(bytes, at, end, layout);
  io.elementCount = 0;
  at += layout.countBytes;
  at = walkFixedGroup(bytes, at, end, layout, 1, io);
  at = walkFixedGroup(bytes, at, end, layout, 2, io);
  at = walkFixedGroup(bytes, at, end, layout, 4, io);
  at = walkFixedGroup(bytes, at, end, layout, 8, io);
  return layout.hasVariableGroup ? walkVariableGroup(bytes, at, end, layout, io) : at;
}

/** A total or group count; throws RECORD_OVERRUN when it is not whole before `end`. */
export function readCount(bytes: Uint8Array, at: number, end: number, layout: AvlLayout): number {
  if (at + layout.countBytes > end) throw overrun('an IO count runs past the data', at);
  return layout.countBytes === 1 ? readU8(bytes, at) : readU16(bytes, at);
}

/** Where the variable-width element at `at` ends: {u16 id, u16 length, bytes}. Throws RECORD_OVERRUN. */
export function variableElementEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) throw overrun('a variable-width IO element runs past the data', at);
  const elementEnd = at + 4 + readU16(bytes, at + 2);
  if (elementEnd > end) throw overrun('the bytes of a variable-width IO element run past the data', at);
  return elementEnd;
}

/** Returns the end of the group. */
function walkFixedGroup(
  bytes: Uint8Array,
  countAt: number,
  end: number,
  layout: AvlLayout,
  width: 1 | 2 | 4 | 8,
  io: IoVisitor,
): number {
  const count = readCount(bytes, countAt, end, layout);
  const start = countAt + layout.countBytes;
  if (count === 0) return start;
  const idBytes = layout.elementIdBytes;
  const stride = idBytes + width;
  const groupEnd = start + count * stride;
  if (groupEnd > end) throw overrun(`${count} elements of ${width} bytes run past the data`, start);
  io.elementCount += count;
  const { marks, picked } = io;
  for (let at = start; at < groupEnd; at += stride) {
    const slot = marks.see(idBytes === 1 ? readU8(bytes, at) : readU16(bytes, at));
    if (slot === 0) continue;
    const valueAt = at + idBytes;
    if (width === 1) picked[slot - 1] = readU8(bytes, valueAt);
    else if (width === 2) picked[slot - 1] = readU16(bytes, valueAt);
    else picked[slot - 1] = width === 4 ? readU32(bytes, valueAt) : readExactU64(bytes, valueAt);
  }
  return groupEnd;
}

function walkVariableGroup(
  bytes: Uint8Array,
  start: number,
  end: number,
  layout: AvlLayout,
  io: IoVisitor,
): number {
  const count = readCount(bytes, start, end, layout);
  let at = start + layout.countBytes;
  for (let seen = 0; seen < count; seen++) {
    const elementEnd = variableElementEnd(bytes, at, end);
    io.marks.see(readU16(bytes, at));
    at = elementEnd;
  }
  io.elementCount += count;
  return at;
}

/** NaN where a number would not be exact. */
function readExactU64(bytes: Uint8Array, at: number): number {
  const value = readU64Rounded(bytes, at);
  return value > Number.MAX_SAFE_INTEGER ? NaN : value;
}

function overrun(message: string, offset: number): CodecError {
  return new CodecError('RECORD_OVERRUN', message, offset);
}
