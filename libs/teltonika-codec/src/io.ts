import { readU16, readU32, readU64, readU8 } from './bytes';
import { readCodec7Io } from './codec7';
import { CodecError } from './errors';
import { type AvlLayout, CODEC_7, FIXED_GROUP_WIDTHS, layoutOf } from './layout';
import type { IoElement } from './record';

/** A record's bytes behind its head. */
export interface IoBlock {
  readonly eventIoId: number;
  /** Codec 16 only. */
  readonly generationType?: number;
  /** As declared; the number of `elements` is what is there. */
  readonly declaredIoTotal: number;
  /** Wire order, duplicates kept. */
  readonly elements: IoElement[];
}

/** Reads a whole IO block as `AvlWalk.ioBytes` or `codec7Block` gives it and storage keeps it. Throws CodecError. */
export function readIoBlock(block: Uint8Array, codecId: number): IoBlock {
  if (codecId === CODEC_7) {
    // This codec names no event and declares no total.
    const elements = readCodec7Io(block);
    return { eventIoId: 0, declaredIoTotal: elements.length, elements };
  }
  const layout = layoutOf(codecId);
  const end = block.length;
  let at: number = layout.eventIdBytes + layout.generationTypeBytes;
  if (at > end) throw new CodecError('RECORD_OVERRUN', 'the event IO id runs past the IO block', 0);
  const eventIoId = layout.eventIdBytes === 1 ? readU8(block, 0) : readU16(block, 0);
  const generationType = layout.generationTypeBytes === 1 ? { generationType: readU8(block, at - 1) } : {};
  const declaredIoTotal = readCount(block, at, layout);
  at += layout.countBytes;
  const elements: IoElement[] = [];
  for (const width of FIXED_GROUP_WIDTHS) at = readFixedGroup(block, at, layout, width, elements);
  if (layout.hasVariableGroup) at = readVariableGroup(block, at, layout, elements);
  if (at !== end) throw new CodecError('TRAILING_BYTES', `${end - at} bytes behind the IO block`, at);
  return { eventIoId, ...generationType, declaredIoTotal, elements };
}

/** The elements of a stored IO block. Throws CodecError. */
export function readIo(block: Uint8Array, codecId: number): IoElement[] {
  return readIoBlock(block, codecId).elements;
}

function readFixedGroup(
  block: Uint8Array,
  start: number,
  layout: AvlLayout,
  width: 1 | 2 | 4 | 8,
  elements: IoElement[],
): number {
  const count = readCount(block, start, layout);
  const stride = layout.elementIdBytes + width;
  let at = start + layout.countBytes;
  const groupEnd = at + count * stride;
  if (groupEnd > block.length) {
    throw new CodecError('RECORD_OVERRUN', `${count} elements of ${width} bytes run past the IO block`, at);
  }
  for (; at < groupEnd; at += stride) {
    const id = layout.elementIdBytes === 1 ? readU8(block, at) : readU16(block, at);
    elements.push(readFixedElement(block, id, at + layout.elementIdBytes, width));
  }
  return groupEnd;
}

function readFixedElement(block: Uint8Array, id: number, at: number, size: 1 | 2 | 4 | 8): IoElement {
  if (size === 8) return { id, size, value: readU64(block, at) };
  if (size === 4) return { id, size, value: readU32(block, at) };
  return { id, size, value: size === 2 ? readU16(block, at) : readU8(block, at) };
}

function readVariableGroup(
  block: Uint8Array,
  start: number,
  layout: AvlLayout,
  elements: IoElement[],
): number {
  const count = readCount(block, start, layout);
  let at = start + layout.countBytes;
  for (let seen = 0; seen < count; seen++) {
    const elementEnd = variableElementEnd(block, at);
    // Copied: a view would keep the whole frame in memory for as long as the value lives.
    const value = Buffer.from(block.subarray(at + 4, elementEnd));
    elements.push({ id: readU16(block, at), size: 'variable', value });
    at = elementEnd;
  }
  return at;
}

/** A total or group count; throws RECORD_OVERRUN when it is not whole before the end. */
function readCount(block: Uint8Array, at: number, layout: AvlLayout): number {
  if (at + layout.countBytes > block.length) {
    throw new CodecError('RECORD_OVERRUN', 'an IO count runs past the IO block', at);
  }
  return layout.countBytes === 1 ? readU8(block, at) : readU16(block, at);
}

/** Where the variable-width element at `at` ends: {u16 id, u16 length, bytes}. Throws RECORD_OVERRUN. */
function variableElementEnd(block: Uint8Array, at: number): number {
  const elementEnd = at + 4 > block.length ? Infinity : at + 4 + readU16(block, at + 2);
  if (elementEnd <= block.length) return elementEnd;
  throw new CodecError('RECORD_OVERRUN', 'a variable-width IO element runs past the IO block', at);
}
