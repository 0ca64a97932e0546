import { readU32, readU8, viewOf } from './bytes';
import { checked, notEncodable } from './encode';
import {
  checkFrame,
  CODEC_OFFSET,
  COUNT_OFFSET,
  FRAME_OVERHEAD_BYTES,
  MIN_DATA_BYTES,
  RECORDS_OFFSET,
  sealFrame,
  trailingCountOffset,
} from './envelope';
import { CodecError } from './errors';
import { isCommandCodec } from './layout';

export const CODEC_12 = 0x0c;
export const CODEC_13 = 0x0d;
export const CODEC_14 = 0x0e;
export const CODEC_15 = 0x0f;

export type CommandCodecId = typeof CODEC_12 | typeof CODEC_13 | typeof CODEC_14 | typeof CODEC_15;

/** Types of messages that have a meaning here; any other (a camera's 0x0D, a serial line's) is passed through. */
export const CommandType = {
  /** From the server. */
  command: 0x05,
  /** From the device: the answer, and in codec 14 that the IMEI was its own. */
  response: 0x06,
  /** From the device, codec 14: the IMEI is not its own, the command was not run. */
  refused: 0x11,
} as const;

export interface CommandMessage {
  readonly type: number;
  /** Mostly ASCII text; serial lines and cameras send any bytes. */
  readonly payload: Buffer;
  /** Seconds since 1970-01-01 UTC. Codec 13 and 15, and there always. */
  readonly timestampS?: number;
  /** Codec 14 and 15, and there always: 15 digits, or 16 hex digits where the field does not hold 0 and 15 digits. */
  readonly imei?: string;
}

/** A frame of codec 12 (both ways), 13 and 15 (from the device) or 14 (both ways). Never acknowledged. */
export interface CommandPacket {
  readonly codecId: CommandCodecId;
  /** None at all is a form of keep-alive. */
  readonly messages: readonly CommandMessage[];
  /** The quantity in front, only where it is not the number of messages. */
  readonly quantity?: number;
  /** The quantity behind, only where it is not the one in front. Devices do not look at it. */
  readonly trailingQuantity?: number;
  /** Codec 13 of old devices: the size of a message does not include its timestamp. */
  readonly sizeExcludesTimestamp?: true;
}

/** Type and u32 size. */
const MESSAGE_HEAD_BYTES = 5;
const TIMESTAMP_BYTES = 4;
const IMEI_BYTES = 8;

/** Reads a whole TCP frame. Throws CodecError. `encodeCommand` of the result gives the same bytes. */
export function decodeCommand(frame: Uint8Array): CommandPacket {
  checkFrame(frame);
  const codecId = commandCodec(readU8(frame, CODEC_OFFSET));
  const end = trailingCountOffset(frame);
  const { messages, isExclusive } = readMessages(frame, codecId, end);
  const quantity = readU8(frame, COUNT_OFFSET);
  const trailingQuantity = readU8(frame, end);
  return {
    codecId,
    messages,
    ...(quantity === messages.length ? {} : { quantity }),
    ...(trailingQuantity === quantity ? {} : { trailingQuantity }),
    ...(isExclusive ? { sizeExcludesTimestamp: true } : {}),
  };
}

/** A whole TCP frame. Throws NOT_ENCODABLE for what its codec cannot hold, CODEC_UNKNOWN for another codec. */
export function encodeCommand(packet: CommandPacket): Buffer {
  const codecId = commandCodec(packet.codecId);
  if (packet.sizeExcludesTimestamp === true && codecId !== CODEC_13) {
    throw notEncodable('only codec 13 has sizes without the timestamp');
  }
  const bodies = packet.messages.map((message) => bodyOf(message, codecId));
  const messagesBytes = bodies.reduce((sum, body) => sum + MESSAGE_HEAD_BYTES + body.length, 0);
  const frame = Buffer.alloc(FRAME_OVERHEAD_BYTES + MIN_DATA_BYTES + messagesBytes);
  frame[CODEC_OFFSET] = codecId;
  const quantity = checked('quantity', packet.quantity ?? packet.messages.length, 0, 0xff);
  frame[COUNT_OFFSET] = quantity;
  let at = RECORDS_OFFSET;
  packet.messages.forEach(({ type }, index) => {
    const body = bodies[index] ?? Buffer.alloc(0);
    at = frame.writeUInt8(checked('message type', type, 0, 0xff), at);
    at = frame.writeUInt32BE(body.length - (packet.sizeExcludesTimestamp === true ? TIMESTAMP_BYTES : 0), at);
    at += body.copy(frame, at);
  });
  frame[at] = checked('trailing quantity', packet.trailingQuantity ?? quantity, 0, 0xff);
  return sealFrame(frame);
}

/** The text of a message byte by byte; `payloadOf` gives the same bytes back. */
export function textOf(message: CommandMessage): string {
  return message.payload.toString('latin1');
}

/** Throws NOT_ENCODABLE for characters that no byte stands for. */
export function payloadOf(text: string): Buffer {
  const payload = Buffer.from(text, 'latin1');
  if (payload.toString('latin1') === text) return payload;
  throw notEncodable('the text has characters above U+00FF');
}

function commandCodec(codecId: number): CommandCodecId {
  if (codecId === CODEC_12 || codecId === CODEC_13 || codecId === CODEC_14 || codecId === CODEC_15)
    return codecId;
  const message = `codec 0x${codecId.toString(16)} carries no commands`;
  throw new CodecError('CODEC_UNKNOWN', message, isCommandCodec(codecId) ? undefined : CODEC_OFFSET);
}

/**
 * In a capture with a good CRC the size of a codec 13 message includes its timestamp; two older published samples do
 * not. Whichever reading ends exactly at the quantity behind is right, the inclusive one first.
 */
function readMessages(
  frame: Uint8Array,
  codecId: CommandCodecId,
  end: number,
): { messages: CommandMessage[]; isExclusive: boolean } {
  try {
    return { messages: readAll(frame, codecId, end, 0), isExclusive: false };
  } catch (error) {
    if (codecId !== CODEC_13 || !(error instanceof CodecError)) throw error;
    try {
      return { messages: readAll(frame, codecId, end, TIMESTAMP_BYTES), isExclusive: true };
    } catch {
      // The inclusive reading is the usual one: its complaint is the one to show.
      throw error;
    }
  }
}

function readAll(
  frame: Uint8Array,
  codecId: CommandCodecId,
  end: number,
  bytesOutsideSize: number,
): CommandMessage[] {
  const messages: CommandMessage[] = [];
  for (let at = RECORDS_OFFSET; at < end;) {
    if (at + MESSAGE_HEAD_BYTES > end) throw overrun('a message runs past the data', at);
    const type = readU8(frame, at);
    const bodyEnd = at + MESSAGE_HEAD_BYTES + readU32(frame, at + 1) + bytesOutsideSize;
    if (bodyEnd > end) throw overrun('the size of a message runs past the data', at);
    messages.push({ type, ...readBody(frame, codecId, at + MESSAGE_HEAD_BYTES, bodyEnd) });
    at = bodyEnd;
  }
  return messages;
}

function readBody(frame: Uint8Array, codecId: CommandCodecId, start: number, end: number) {
  const hasTimestamp = codecId === CODEC_13 || codecId === CODEC_15;
  const hasImei = codecId === CODEC_14 || codecId === CODEC_15;
  const imeiAt = start + (hasTimestamp ? TIMESTAMP_BYTES : 0);
  const payloadAt = imeiAt + (hasImei ? IMEI_BYTES : 0);
  if (payloadAt > end) throw overrun('a message is too short for what its codec puts before the data', start);
  return {
    // Copied: a view would keep the frame in memory for as long as the answer lives.
    payload: Buffer.from(viewOf(frame, payloadAt, end)),
    ...(hasTimestamp ? { timestampS: readU32(frame, start) } : {}),
    ...(hasImei ? { imei: imeiOf(viewOf(frame, imeiAt, payloadAt).toString('hex')) } : {}),
  };
}

function imeiOf(hex: string): string {
  return /^0[0-9]{15}$/.test(hex) ? hex.slice(1) : hex;
}

function bodyOf({ payload, timestampS, imei }: CommandMessage, codecId: CommandCodecId): Buffer {
  const hasTimestamp = codecId === CODEC_13 || codecId === CODEC_15;
  const hasImei = codecId === CODEC_14 || codecId === CODEC_15;
  if (hasTimestamp !== (timestampS !== undefined) || hasImei !== (imei !== undefined)) {
    throw notEncodable('codec 13 and 15 have a timestamp, codec 14 and 15 an IMEI, and no other codec has');
  }
  const timestamp = Buffer.alloc(hasTimestamp ? TIMESTAMP_BYTES : 0);
  if (hasTimestamp) timestamp.writeUInt32BE(checked('timestamp', timestampS, 0, 0xffff_ffff));
  return Buffer.concat([timestamp, imei === undefined ? Buffer.alloc(0) : imeiBytes(imei), payload]);
}

function imeiBytes(imei: string): Buffer {
  if (/^[0-9]{15}$/.test(imei)) return Buffer.from(`0${imei}`, 'hex');
  if (/^[0-9a-f]{16}$/.test(imei)) return Buffer.from(imei, 'hex');
  throw notEncodable('an IMEI has 15 digits');
}

function overrun(message: string, offset: number): CodecError {
  return new CodecError('RECORD_OVERRUN', message, offset);
}
