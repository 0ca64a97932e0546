import { CodecError } from './errors';

const REFLECTED_POLYNOMIAL = 0xa001;

/** Table k maps a byte to its effect on the CRC when k more bytes follow it. */
function buildTable(previous?: Uint16Array, base?: Uint16Array): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    if (previous !== undefined && base !== undefined) {
      const crc = look(previous, byte);
      table[byte] = (crc >>> 8) ^ look(base, crc & 0xff);
      continue;
    }
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REFLECTED_POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}

function look(table: Uint16Array, index: number): number {
  return table[index] ?? 0;
}

const T0 = buildTable();
const T1 = buildTable(T0, T0);
const T2 = buildTable(T1, T0);
const T3 = buildTable(T2, T0);
const T4 = buildTable(T3, T0);
const T5 = buildTable(T4, T0);
const T6 = buildTable(T5, T0);
const T7 = buildTable(T6, T0);

/**
 * CRC-16/IBM (ARC: polynomial 0x8005 reflected, initial 0, no final XOR) over `bytes[start, end)`; the check value
 * of "123456789" is 0xBB3D. Eight bytes a step: the CRC is the largest share of a frame's decoding time.
 * Throws LENGTH_INVALID when the range does not lie inside the bytes.
 */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  if (start < 0 || end > bytes.length || start > end) {
    throw new CodecError(
      'LENGTH_INVALID',
      `CRC range ${start}..${end} is outside ${bytes.length} bytes`,
      start,
    );
  }
  let crc = 0;
  let at = start;
  for (const lastStep = end - 8; at <= lastStep; at += 8) {
    crc =
      look(T7, (crc & 0xff) ^ (bytes[at] ?? 0)) ^
      look(T6, (crc >>> 8) ^ (bytes[at + 1] ?? 0)) ^
      look(T5, bytes[at + 2] ?? 0) ^
      look(T4, bytes[at + 3] ?? 0) ^
      look(T3, bytes[at + 4] ?? 0) ^
      look(T2, bytes[at + 5] ?? 0) ^
      look(T1, bytes[at + 6] ?? 0) ^
      look(T0, bytes[at + 7] ?? 0);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ look(T0, (crc ^ (bytes[at] ?? 0)) & 0xff);
  return crc;
}
