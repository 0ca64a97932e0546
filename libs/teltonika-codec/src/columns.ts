/** A count byte holds no more. */
const MAX_RECORDS = 255;
const FIRST_ELEMENT_CAPACITY = 2_048;

/**
 * The records of one walked packet, a column for each field and a row for each record, and below them its IO elements
 * in wire order. Plain arrays of numbers that the next walk fills again: an object for each record or element would
 * cost more than reading the bytes.
 */
export class AvlColumns {
  recordCount = 0;
  /** Exact up to 2^53, rounded above. */
  readonly timestampMs = new Float64Array(MAX_RECORDS);
  readonly priority = new Uint8Array(MAX_RECORDS);
  /** 1e-7 degrees. */
  readonly longitude = new Int32Array(MAX_RECORDS);
  /** 1e-7 degrees. */
  readonly latitude = new Int32Array(MAX_RECORDS);
  readonly altitudeM = new Int16Array(MAX_RECORDS);
  readonly angleDeg = new Uint16Array(MAX_RECORDS);
  readonly satellites = new Uint8Array(MAX_RECORDS);
  readonly speedKmh = new Uint16Array(MAX_RECORDS);
  readonly eventIoId = new Uint16Array(MAX_RECORDS);
  /** Codec 16; 0 in the others. */
  readonly generationType = new Uint8Array(MAX_RECORDS);
  /** Bits of RecordFlag, without `duplicateIo`. */
  readonly flags = new Uint8Array(MAX_RECORDS);
  /** Where each record starts in the bytes; one more row says where the last one ends. */
  readonly startAt = new Uint32Array(MAX_RECORDS + 1);
  /** The first element of each record; one more row holds the number of all elements. */
  readonly firstElement = new Uint32Array(MAX_RECORDS + 1);
  /** The first 8-byte and the first variable-width element of each record, or where there would be one. */
  readonly firstWide = new Uint32Array(MAX_RECORDS);
  readonly firstVariable = new Uint32Array(MAX_RECORDS);

  elementId = new Uint16Array(FIRST_ELEMENT_CAPACITY);
  /** The value; of an 8-byte one its lower half, of a variable one the position of its bytes. */
  elementLow = new Uint32Array(FIRST_ELEMENT_CAPACITY);
  /** Upper half of an 8-byte value, length of a variable one; of others whatever an earlier walk left. */
  elementHigh = new Uint32Array(FIRST_ELEMENT_CAPACITY);

  /** Room for so many elements; what the arrays held is lost. */
  reserve(elements: number): void {
    if (elements <= this.elementId.length) return;
    const capacity = 2 ** Math.ceil(Math.log2(elements));
    this.elementId = new Uint16Array(capacity);
    this.elementLow = new Uint32Array(capacity);
    this.elementHigh = new Uint32Array(capacity);
  }
}
