import { type Fix } from '../domain';
import { type RecordColumns, UNKNOWN_SPEED, UNKNOWN_SWITCH, UNKNOWN_VOLTAGE } from './record-columns';
import { type TelemetryRecord, UNTIMED_FLAGS } from './records';

/** The records of one frame, or some of them: a range of rows beside the bytes that their IO blocks lie in. */
export class RecordRows implements Iterable<TelemetryRecord> {
  /** Row of the first record in `columns`. */
  readonly first: number;
  readonly length: number;

  constructor(
    readonly columns: RecordColumns,
    readonly frame: Buffer,
    range: { readonly first: number; readonly length: number },
  ) {
    this.first = range.first;
    this.length = range.length;
  }

  /** As `Array.prototype.slice`, for indexes that are not negative. */
  slice(start: number, end = this.length): RecordRows {
    const length = Math.max(0, Math.min(end, this.length) - start);
    return new RecordRows(this.columns, this.frame, { first: this.first + start, length });
  }

  timeMs(index: number): number {
    return this.columns.timeMs[this.first + index] ?? NaN;
  }

  digest(index: number): bigint {
    return this.columns.digest[this.first + index] ?? 0n;
  }

  /** The part of a record that rules may look at; undefined where they must not. */
  fix(index: number): Fix | undefined {
    const row = this.first + index;
    const { columns } = this;
    if (columns.fixValid[row] === 0 || ((columns.flags[row] ?? 0) & UNTIMED_FLAGS) !== 0) return undefined;
    return {
      timeMs: columns.timeMs[row] ?? NaN,
      digest: columns.digest[row] ?? 0n,
      longitude: columns.longitude[row] ?? 0,
      latitude: columns.latitude[row] ?? 0,
      altitudeM: columns.altitudeM[row] ?? 0,
      angleDeg: columns.angleDeg[row] ?? 0,
      speedKmh: speedOf(columns.speedKmh[row]),
      ignition: switchOf(columns.ignition[row]),
      movement: switchOf(columns.movement[row]),
    };
  }

  /** A record by itself, for whoever needs one of them and not all. @throws RangeError */
  at(index: number): TelemetryRecord {
    if (index < 0 || index >= this.length) throw new RangeError(`there is no record ${index}`);
    const row = this.first + index;
    const { columns } = this;
    const timeMs = this.timeMs(index);
    const odometerM = columns.odometerM[row] ?? NaN;
    const voltageMv = columns.externalVoltageMv[row] ?? UNKNOWN_VOLTAGE;
    return {
      timeMs,
      rawTimeMs: timeMs === Infinity ? (columns.rawTimeMs[row] ?? 0n) : null,
      digest: this.digest(index),
      longitude: columns.longitude[row] ?? 0,
      latitude: columns.latitude[row] ?? 0,
      altitudeM: columns.altitudeM[row] ?? 0,
      angleDeg: columns.angleDeg[row] ?? 0,
      speedKmh: speedOf(columns.speedKmh[row]),
      satellites: columns.satellites[row] ?? 0,
      fixValid: columns.fixValid[row] === 1,
      priority: columns.priority[row] ?? 0,
      eventIoId: columns.eventIoId[row] ?? 0,
      ignition: switchOf(columns.ignition[row]),
      movement: switchOf(columns.movement[row]),
      odometerM: Number.isNaN(odometerM) ? null : odometerM,
      externalVoltageMv: voltageMv === UNKNOWN_VOLTAGE ? null : voltageMv,
      codec: columns.codec[row] ?? 0,
      flags: columns.flags[row] ?? 0,
      io: this.frame.subarray(columns.ioStart[row], columns.ioEnd[row]),
    };
  }

  *[Symbol.iterator](): Iterator<TelemetryRecord> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index);
  }
}

const speedOf = (value: number | undefined): number | null =>
  value === undefined || value === UNKNOWN_SPEED ? null : value;

export const switchOf = (value: number | undefined): boolean | null =>
  value === undefined || value === UNKNOWN_SWITCH ? null : value === 1;

/** The inverse of {@link switchOf}. */
export const switchNumber = (value: boolean | null): number =>
  value === null ? UNKNOWN_SWITCH : Number(value);
