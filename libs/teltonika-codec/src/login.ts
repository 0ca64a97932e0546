import { readU8, readU32 } from './bytes';
import { CodecError } from './errors';

export const IMEI_DIGITS = 15;
/** u16 length and 15 ASCII digits. */
export const LOGIN_BYTES = 2 + IMEI_DIGITS;

/** The one byte that answers a login: the device may send data. */
export const LOGIN_ACCEPTED: Buffer = Buffer.from([0x01]);
/** The one byte that answers a refused login. */
export const LOGIN_REJECTED: Buffer = Buffer.from([0x00]);

/** The digits of a login of exactly LOGIN_BYTES bytes, or undefined when they are not a login. */
export function parseLogin(bytes: Uint8Array): string | undefined {
  if (bytes.length !== LOGIN_BYTES || readU8(bytes, 0) !== 0 || readU8(bytes, 1) !== IMEI_DIGITS)
    return undefined;
  let imei = '';
  for (let at = 2; at < LOGIN_BYTES; at++) {
    const character = readU8(bytes, at);
    if (character < 0x30 || character > 0x39) return undefined;
    imei += String.fromCharCode(character);
  }
  return imei;
}

/** The IMEI of a login; throws LOGIN_INVALID. */
export function decodeLogin(bytes: Uint8Array): string {
  const imei = parseLogin(bytes);
  if (imei === undefined) throw new CodecError('LOGIN_INVALID', 'a login is 000F and 15 ASCII digits');
  return imei;
}

/** `000F` and the 15 digits; throws LOGIN_INVALID for anything but 15 digits. */
export function encodeLogin(imei: string): Buffer {
  if (!/^[0-9]{15}$/.test(imei)) throw new CodecError('LOGIN_INVALID', 'an IMEI has 15 digits');
  return Buffer.from(`\0\x0f${imei}`, 'latin1');
}

/** The answer to an AVL frame over TCP: the number of records taken, u32 big-endian. 0 asks for the frame again. */
export function encodeAck(recordCount: number): Buffer {
  if (!Number.isInteger(recordCount) || recordCount < 0 || recordCount > 0xffff_ffff) {
    throw new CodecError('NOT_ENCODABLE', `an ack holds a count of 0 to 4294967295, not ${recordCount}`);
  }
  const ack = Buffer.allocUnsafe(4);
  ack.writeUInt32BE(recordCount, 0);
  return ack;
}

/** The record count of a four-byte ack; throws LENGTH_INVALID. */
export function decodeAck(bytes: Uint8Array): number {
  if (bytes.length !== 4) throw new CodecError('LENGTH_INVALID', `an ack has 4 bytes, not ${bytes.length}`);
  return readU32(bytes, 0);
}
