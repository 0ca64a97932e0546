/** Records that one block of columns takes; some 300 KB. A frame has at most 255. */
const BLOCK_RECORDS = 4096;

/** In `ignition` and `movement`; otherwise 0 and 1. */
export const UNKNOWN_SWITCH = -1;
/** In `speedKmh`. */
export const UNKNOWN_SPEED = -1;
/** In `externalVoltageMv`. */
export const UNKNOWN_VOLTAGE = -1;

/**
 * Decoded records of many frames, a column for each field and a row for each record, so that a record costs no object
 * on its way to the database. Rows are written once: whoever holds some keeps the block.
 */
export class RecordColumns {
  length = 0;
  /** Infinity where the device's clock is beyond the year 9999; then `rawTimeMs` holds it. */
  readonly timeMs: Float64Array;
  /** Of such a clock only. */
  readonly rawTimeMs: BigUint64Array;
  readonly digest: BigInt64Array;
  readonly longitude: Int32Array;
  readonly latitude: Int32Array;
  readonly altitudeM: Int16Array;
  readonly angleDeg: Uint16Array;
  readonly satellites: Uint8Array;
  readonly speedKmh: Int32Array;
  readonly fixValid: Uint8Array;
  readonly priority: Uint8Array;
  readonly eventIoId: Uint16Array;
  readonly ignition: Int8Array;
  readonly movement: Int8Array;
  /** NaN where the record does not say. */
  readonly odometerM: Float64Array;
  readonly externalVoltageMv: Int32Array;
  readonly codec: Uint8Array;
  readonly flags: Uint8Array;
  /** Where the record's IO block lies in its frame: [ioStart, ioEnd). */
  readonly ioStart: Uint32Array;
  readonly ioEnd: Uint32Array;

  constructor(readonly capacity = BLOCK_RECORDS) {
    this.timeMs = new Float64Array(capacity);
    this.rawTimeMs = new BigUint64Array(capacity);
    this.digest = new BigInt64Array(capacity);
    this.longitude = new Int32Array(capacity);
    this.latitude = new Int32Array(capacity);
    this.altitudeM = new Int16Array(capacity);
    this.angleDeg = new Uint16Array(capacity);
    this.satellites = new Uint8Array(capacity);
    this.speedKmh = new Int32Array(capacity);
    this.fixValid = new Uint8Array(capacity);
    this.priority = new Uint8Array(capacity);
    this.eventIoId = new Uint16Array(capacity);
    this.ignition = new Int8Array(capacity);
    this.movement = new Int8Array(capacity);
    this.odometerM = new Float64Array(capacity);
    this.externalVoltageMv = new Int32Array(capacity);
    this.codec = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.ioStart = new Uint32Array(capacity);
    this.ioEnd = new Uint32Array(capacity);
  }

  get room(): number {
    return this.capacity - this.length;
  }
}
