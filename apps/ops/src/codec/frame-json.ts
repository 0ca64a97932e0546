import { CodecError, decodeAvl, decodeLogin, type AvlRecord, type IoElement } from '@app/teltonika-codec';

/** A frame as one JSON object for people and scripts. Degrees are raw / 1e7; 8-byte values are decimal strings. */
export function frameToJson(frame: Buffer): Record<string, unknown> {
  if (frame.length >= 2 && frame.readUInt16BE(0) !== 0) return { kind: 'login', imei: decodeLogin(frame) };
  const { codecId, records } = decodeAvl(frame);
  return { kind: 'avl', codec: codecName(codecId), records: records.map(recordToJson) };
}

/** Hex digits, with or without white space. @throws CodecError LENGTH_INVALID for anything else. */
export function frameFromHex(text: string): Buffer {
  const digits = text.replaceAll(/\s/g, '');
  if (digits === '' || digits.length % 2 === 1 || !/^[0-9a-f]+$/i.test(digits)) {
    throw new CodecError('LENGTH_INVALID', 'the line is not a frame in hexadecimal digits');
  }
  return Buffer.from(digits, 'hex');
}

const CODEC_NAMES: ReadonlyMap<number, string> = new Map([
  [0x08, '8'],
  [0x8e, '8E'],
  [0x10, '16'],
]);

const codecName = (codecId: number): string => CODEC_NAMES.get(codecId) ?? `0x${codecId.toString(16)}`;

function recordToJson(record: AvlRecord): Record<string, unknown> {
  return {
    timestamp: timestampToJson(record.timestampMs),
    priority: record.priority,
    longitude: record.longitude / 1e7,
    latitude: record.latitude / 1e7,
    altitude: record.altitudeM,
    angle: record.angleDeg,
    satellites: record.satellites,
    speed: record.speedKmh,
    eventIoId: record.eventIoId,
    ...(record.generationType === undefined ? {} : { generationType: record.generationType }),
    io: Object.fromEntries(record.io.map((element) => [String(element.id), ioToJson(element)])),
  };
}

/** The last millisecond that a JavaScript date can hold; a device's clock can say more. */
const LAST_DATE_MS = 8.64e15;

function timestampToJson(timestampMs: number | bigint): string {
  return timestampMs <= LAST_DATE_MS ? new Date(Number(timestampMs)).toISOString() : timestampMs.toString();
}

function ioToJson({ value }: IoElement): number | string {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? value.toString() : value.toString('hex');
}
