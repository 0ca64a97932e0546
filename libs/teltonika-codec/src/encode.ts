import {
  CODEC_OFFSET,
  COUNT_OFFSET,
  FRAME_OVERHEAD_BYTES,
  MIN_DATA_BYTES,
  RECORDS_OFFSET,
  sealFrame,
} from './envelope';
import { CodecError } from './errors';
import { type AvlLayout, FIXED_GROUP_WIDTHS, layoutOf, RECORD_HEAD_BYTES } from './layout';
import type { AvlPacket, AvlRecord, IoElement } from './record';

const MAX_U8 = 0xff;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/**
 * A whole TCP frame with its CRC. Elements go into the group of their size, in the given order within a group.
 * Throws NOT_ENCODABLE for a value that its field or codec cannot hold, CODEC_UNKNOWN for another codec.
 */
export function encodeAvl(packet: AvlPacket): Buffer {
  const layout = layoutOf(packet.codecId);
  const recordCount = checked('record count', packet.records.length, 0, MAX_U8);
  const groups = packet.records.map((record) => groupElements(record.io, layout));
  const recordsBytes = groups.reduce((sum, grouped) => sum + recordBytes(grouped, layout), 0);
  const dataBytes = recordsBytes + MIN_DATA_BYTES;
  const frame = Buffer.alloc(dataBytes + FRAME_OVERHEAD_BYTES);
  frame[CODEC_OFFSET] = layout.codecId;
  frame[COUNT_OFFSET] = recordCount;
  let at = RECORDS_OFFSET;
  packet.records.forEach((record, index) => {
    at = writeRecord(frame, at, record, groups[index] ?? [], layout);
  });
  frame[at] = recordCount;
  return sealFrame(frame);
}

type Group = readonly IoElement[];

/** The elements by size, in wire order of the groups; the last one, if the layout has it, is the variable group. */
function groupElements(io: readonly IoElement[], layout: AvlLayout): Group[] {
  const groups: Group[] = FIXED_GROUP_WIDTHS.map((width) => io.filter((element) => element.size === width));
  const variable = io.filter((element) => element.size === 'variable');
  if (layout.hasVariableGroup) groups.push(variable);
  else if (variable.length > 0) throw notEncodable(`codec ${layout.name} has no variable-width IO elements`);
  if (groups.reduce((sum, group) => sum + group.length, 0) !== io.length) {
    throw notEncodable('an IO element has a size other than 1, 2, 4, 8 or variable');
  }
  return groups;
}

function recordBytes(groups: readonly Group[], layout: AvlLayout): number {
  const counts = layout.countBytes * (1 + groups.length);
  const elements = groups
    .flat()
    .reduce((sum, element) => sum + layout.elementIdBytes + payloadBytes(element), 0);
  return RECORD_HEAD_BYTES + layout.eventIdBytes + layout.generationTypeBytes + counts + elements;
}

function payloadBytes(element: IoElement): number {
  return element.size === 'variable' ? 2 + element.value.length : element.size;
}

function writeRecord(
  frame: Buffer,
  start: number,
  record: AvlRecord,
  groups: readonly Group[],
  layout: AvlLayout,
): number {
  const maxCount = layout.countBytes === 1 ? MAX_U8 : MAX_U16;
  let at = writeHead(frame, start, record);
  at = writeEvent(frame, at, record, layout);
  const total = checked('IO total', record.declaredIoTotal ?? record.io.length, 0, maxCount);
  at = frame.writeUIntBE(total, at, layout.countBytes);
  for (const group of groups) {
    at = frame.writeUIntBE(checked('IO group count', group.length, 0, maxCount), at, layout.countBytes);
    for (const element of group) at = writeElement(frame, at, element, layout);
  }
  return at;
}

function writeHead(frame: Buffer, start: number, record: AvlRecord): number {
  let at = frame.writeBigUInt64BE(timestampBits(record.timestampMs), start);
  at = frame.writeUInt8(checked('priority', record.priority, 0, MAX_U8), at);
  at = frame.writeInt32BE(checked('longitude', record.longitude, -0x8000_0000, 0x7fff_ffff), at);
  at = frame.writeInt32BE(checked('latitude', record.latitude, -0x8000_0000, 0x7fff_ffff), at);
  at = frame.writeInt16BE(checked('altitude', record.altitudeM, -0x8000, 0x7fff), at);
  at = frame.writeUInt16BE(checked('angle', record.angleDeg, 0, MAX_U16), at);
  at = frame.writeUInt8(checked('satellites', record.satellites, 0, MAX_U8), at);
  return frame.writeUInt16BE(checked('speed', record.speedKmh, 0, MAX_U16), at);
}

function writeEvent(frame: Buffer, start: number, record: AvlRecord, layout: AvlLayout): number {
  const maxEventId = layout.eventIdBytes === 1 ? MAX_U8 : MAX_U16;
  const eventIoId = checked('event IO id', record.eventIoId, 0, maxEventId);
  const at = frame.writeUIntBE(eventIoId, start, layout.eventIdBytes);
  if (layout.generationTypeBytes === 1) {
    return frame.writeUInt8(checked('generation type', record.generationType, 0, MAX_U8), at);
  }
  if (record.generationType === undefined) return at;
  throw notEncodable(`codec ${layout.name} has no generation type`);
}

function writeElement(frame: Buffer, start: number, element: IoElement, layout: AvlLayout): number {
  const maxId = layout.elementIdBytes === 1 ? MAX_U8 : MAX_U16;
  const at = frame.writeUIntBE(checked('IO id', element.id, 0, maxId), start, layout.elementIdBytes);
  if (element.size === 'variable') {
    const lengthEnd = frame.writeUInt16BE(checked('IO length', element.value.length, 0, MAX_U16), at);
    frame.set(element.value, lengthEnd);
    return lengthEnd + element.value.length;
  }
  if (element.size === 8) return frame.writeBigUInt64BE(u64('8-byte IO value', element.value), at);
  const maxValue = element.size === 1 ? MAX_U8 : element.size === 2 ? MAX_U16 : MAX_U32;
  return frame.writeUIntBE(checked('IO value', element.value, 0, maxValue), at, element.size);
}

function timestampBits(timestampMs: number | bigint): bigint {
  if (typeof timestampMs === 'bigint') return u64('timestamp', timestampMs);
  return BigInt(checked('timestamp', timestampMs, 0, Number.MAX_SAFE_INTEGER));
}

function u64(field: string, value: bigint): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= MAX_U64) return value;
  throw notEncodable(`${field} ${value} is not an unsigned 64-bit bigint`);
}

/** The value, or NOT_ENCODABLE where it is not an integer in the range. */
export function checked(field: string, value: number | undefined, min: number, max: number): number {
  if (value !== undefined && Number.isInteger(value) && value >= min && value <= max) return value;
  throw notEncodable(`${field} ${value} is not an integer of ${min} to ${max}`);
}

export function notEncodable(message: string): CodecError {
  return new CodecError('NOT_ENCODABLE', message);
}
