import { type AvlColumns } from './columns';
import { CodecError } from './errors';
import { type AvlLayout, RECORD_HEAD_BYTES } from './layout';
import { RecordFlag } from './record';

const MAX_DATE_MS = 8.64e15;
const MAX_LONGITUDE = 1_800_000_000;
const MAX_LATITUDE = 900_000_000;
const MAX_KNOWN_PRIORITY = 3;
const MAX_KNOWN_GENERATION_TYPE = 7;

/**
 * Reads `recordCount` records at `[start, end)` into the columns and returns where they end. Throws RECORD_OVERRUN.
 *
 * One function on purpose: this is what decoding costs beside the CRC, and V8 stops inlining long before it has all of
 * these reads, so that a helper for each of them doubles the time. Every group is compared with `end` once, together
 * with the count behind it; should that ever be wrong, the view throws instead of reading somebody else's bytes.
 */
export function walkRecords(
  bytes: Uint8Array,
  start: number,
  end: number,
  recordCount: number,
  layout: AvlLayout,
  columns: AvlColumns,
): number {
  const { eventIdBytes, elementIdBytes: idBytes, countBytes, generationTypeBytes, hasVariableGroup } = layout;
  // Ids and counts of one byte are read as two and shifted: the byte behind is always there (a value, or N2).
  const eventShift = eventIdBytes === 2 ? 0 : 8;
  const idShift = idBytes === 2 ? 0 : 8;
  const countShift = countBytes === 2 ? 0 : 8;
  const headBytes = RECORD_HEAD_BYTES + eventIdBytes + generationTypeBytes;
  const minRecordBytes = headBytes + countBytes * (hasVariableGroup ? 6 : 5);
  // The smallest element takes two bytes. (A division here would turn the walk's positions into doubles.)
  columns.reserve((end - start) >> 1);
  const { timestampMs, priority, longitude, latitude, altitudeM, angleDeg, satellites, speedKmh } = columns;
  const { eventIoId, generationType, flags, startAt, firstElement, firstWide, firstVariable } = columns;
  const { elementId, elementLow, elementHigh } = columns;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let p = start;
  let element = 0;

  for (let row = 0; row < recordCount; row++) {
    if (p + minRecordBytes > end) throw overrun('the record runs past the data', p);
    startAt[row] = p;
    firstElement[row] = element;
    const time = view.getUint32(p) * 0x1_0000_0000 + view.getUint32(p + 4);
    const importance = view.getUint8(p + 8);
    // Longitude comes first on the wire.
    const east = view.getInt32(p + 9);
    const north = view.getInt32(p + 13);
    const sats = view.getUint8(p + 21);
    timestampMs[row] = time;
    priority[row] = importance;
    longitude[row] = east;
    latitude[row] = north;
    altitudeM[row] = view.getInt16(p + 17);
    angleDeg[row] = view.getUint16(p + 19);
    satellites[row] = sats;
    speedKmh[row] = view.getUint16(p + 22);
    eventIoId[row] = view.getUint16(p + RECORD_HEAD_BYTES) >> eventShift;
    p += headBytes;
    const generation = generationTypeBytes === 1 ? view.getUint8(p - 1) : 0;
    generationType[row] = generation;

    const total = view.getUint16(p) >> countShift;
    p += countBytes;
    let count = view.getUint16(p) >> countShift;
    p += countBytes;
    let stop = p + count * (idBytes + 1);
    if (stop + countBytes > end) throw overrun('a group of 1-byte IO elements runs past the data', p);
    for (; p < stop; p += idBytes + 1) {
      elementId[element] = view.getUint16(p) >> idShift;
      elementLow[element++] = view.getUint8(p + idBytes);
    }
    count = view.getUint16(p) >> countShift;
    p += countBytes;
    stop = p + count * (idBytes + 2);
    if (stop + countBytes > end) throw overrun('a group of 2-byte IO elements runs past the data', p);
    for (; p < stop; p += idBytes + 2) {
      elementId[element] = view.getUint16(p) >> idShift;
      elementLow[element++] = view.getUint16(p + idBytes);
    }
    count = view.getUint16(p) >> countShift;
    p += countBytes;
    stop = p + count * (idBytes + 4);
    if (stop + countBytes > end) throw overrun('a group of 4-byte IO elements runs past the data', p);
    for (; p < stop; p += idBytes + 4) {
      elementId[element] = view.getUint16(p) >> idShift;
      elementLow[element++] = view.getInt32(p + idBytes);
    }
    firstWide[row] = element;
    count = view.getUint16(p) >> countShift;
    p += countBytes;
    stop = p + count * (idBytes + 8);
    if (stop + (hasVariableGroup ? 2 : 0) > end) {
      throw overrun('a group of 8-byte IO elements runs past the data', p);
    }
    for (; p < stop; p += idBytes + 8) {
      elementId[element] = view.getUint16(p) >> idShift;
      elementHigh[element] = view.getInt32(p + idBytes);
      elementLow[element++] = view.getInt32(p + idBytes + 4);
    }
    firstVariable[row] = element;

    if (hasVariableGroup) {
      count = view.getUint16(p);
      p += 2;
      for (let seen = 0; seen < count; seen++) {
        if (p + 4 > end) throw overrun('a variable-width IO element runs past the data', p);
        const valueBytes = view.getUint16(p + 2);
        if (p + 4 + valueBytes > end) {
          throw overrun('the bytes of a variable-width IO element run past the data', p);
        }
        elementId[element] = view.getUint16(p);
        elementLow[element] = p + 4;
        elementHigh[element++] = valueBytes;
        p += 4 + valueBytes;
      }
    }

    let oddities = 0;
    if (total !== element - (firstElement[row] ?? 0)) oddities |= RecordFlag.ioTotalMismatch;
    if (importance > MAX_KNOWN_PRIORITY) oddities |= RecordFlag.unknownPriority;
    if (generation > MAX_KNOWN_GENERATION_TYPE) oddities |= RecordFlag.unknownGenerationType;
    if (time === 0 || time > MAX_DATE_MS) oddities |= RecordFlag.timestampInvalid;
    if (
      sats === 0 ||
      (east | north) === 0 ||
      east > MAX_LONGITUDE ||
      east < -MAX_LONGITUDE ||
      north > MAX_LATITUDE ||
      north < -MAX_LATITUDE
    ) {
      oddities |= RecordFlag.fixInvalid;
    }
    flags[row] = oddities;
  }
  startAt[recordCount] = p;
  firstElement[recordCount] = element;
  columns.recordCount = recordCount;
  return p;
}

function overrun(message: string, offset: number): CodecError {
  return new CodecError('RECORD_OVERRUN', message, offset);
}
