import { readU16, readU8 } from './bytes';
import { CodecError } from './errors';
import { IMEI_DIGITS } from './login';

/*
 * UDP channel packet: u16 length of what follows it, u16 packet id, u8 packet type, u8 AVL packet id, u16 IMEI
 * length, IMEI in ASCII, then the data field of a TCP frame {codec id, N1, records, N2} without preamble or CRC.
 */
export const UDP_IMEI_OFFSET = 8;
export const UDP_DATA_OFFSET = UDP_IMEI_OFFSET + IMEI_DIGITS;
/** Codec id, N1 and N2. */
const MIN_DATA_BYTES = 3;

/**
 * Where the channel packet at `start` ends, its header checked: length, IMEI length and digits. Throws LENGTH_INVALID,
 * LOGIN_INVALID.
 */
export function channelPacketEnd(datagram: Uint8Array, start: number): number {
  const available = datagram.length - start;
  if (available < UDP_DATA_OFFSET + MIN_DATA_BYTES) {
    throw new CodecError('LENGTH_INVALID', `${available} bytes are no whole channel packet`, start);
  }
  const packetBytes = readU16(datagram, start) + 2;
  if (packetBytes > available || packetBytes < UDP_DATA_OFFSET + MIN_DATA_BYTES) {
    const message = `a channel packet of ${packetBytes} bytes in a datagram that has ${available}`;
    throw new CodecError('LENGTH_INVALID', message, start);
  }
  if (readU16(datagram, start + 6) !== IMEI_DIGITS) {
    throw new CodecError('LOGIN_INVALID', 'the IMEI of a channel packet has 15 digits', start + 6);
  }
  for (let at = start + UDP_IMEI_OFFSET; at < start + UDP_DATA_OFFSET; at++) {
    const character = readU8(datagram, at);
    if (character < 0x30 || character > 0x39) {
      throw new CodecError('LOGIN_INVALID', 'the IMEI of a channel packet has 15 digits', at);
    }
  }
  return start + packetBytes;
}
