import { type BinaryArena, BinaryArray, type BinaryType, binaryTypes } from '@app/common/database';
import { type KnownDevice } from './device-directory';
import { UNKNOWN_SPEED, UNKNOWN_VOLTAGE } from './record-columns';
import { type RecordRows, switchOf } from './record-rows';

const { bool, bytea, int2, int4, int8, numeric, timestamptz } = binaryTypes;

/** Records with what their entry adds. */
export interface Arrival {
  readonly device: KnownDevice;
  readonly receivedAtMs: number;
  readonly traceparent: string | undefined;
  readonly records: RecordRows;
}

interface PositionColumn {
  readonly name: string;
  /** As SQL names it. */
  readonly type: string;
  encode(arrivals: readonly Arrival[], rows: number, arena?: BinaryArena): Buffer;
}

/** `row` is one of `arrival.records.columns`. */
type Source<Value> = (arrival: Arrival, row: number) => Value | null;

function column<Value>(name: string, type: BinaryType<Value>, source: Source<Value>): PositionColumn {
  return {
    name,
    type: type.name,
    encode(arrivals, rows, arena) {
      const array = new BinaryArray(type, rows, arena);
      for (const arrival of arrivals) {
        const { first, length } = arrival.records;
        for (let row = first; row < first + length; row += 1) array.push(source(arrival, row));
      }
      return array.toBuffer();
    },
  };
}

const numberOrNull = (value: number | undefined, unknown: number): number | null =>
  value === undefined || Object.is(value, unknown) ? null : value;

/** Every column of `telemetry.position`, its type and where its value comes from. */
export const POSITION_COLUMNS: readonly PositionColumn[] = [
  column('device_id', int8, ({ device }) => device.id),
  column('time', timestamptz, ({ records }, row) => records.columns.timeMs[row] ?? null),
  column('digest', int8, ({ records }, row) => records.columns.digest[row] ?? null),
  column('received_at', timestamptz, ({ receivedAtMs }) => receivedAtMs),
  column('longitude', int4, ({ records }, row) => records.columns.longitude[row] ?? null),
  column('latitude', int4, ({ records }, row) => records.columns.latitude[row] ?? null),
  column('altitude_m', int2, ({ records }, row) => records.columns.altitudeM[row] ?? null),
  column('angle_deg', int4, ({ records }, row) => records.columns.angleDeg[row] ?? null),
  column('satellites', int2, ({ records }, row) => records.columns.satellites[row] ?? null),
  column('speed_kmh', int4, ({ records }, row) => numberOrNull(records.columns.speedKmh[row], UNKNOWN_SPEED)),
  column('fix_valid', bool, ({ records }, row) => records.columns.fixValid[row] === 1),
  column('priority', int2, ({ records }, row) => records.columns.priority[row] ?? null),
  column('event_io_id', int4, ({ records }, row) => records.columns.eventIoId[row] ?? null),
  column('ignition', bool, ({ records }, row) => switchOf(records.columns.ignition[row])),
  column('movement', bool, ({ records }, row) => switchOf(records.columns.movement[row])),
  column('odometer_m', int8, ({ records }, row) => numberOrNull(records.columns.odometerM[row], NaN)),
  column('external_voltage_mv', int4, ({ records }, row) =>
    numberOrNull(records.columns.externalVoltageMv[row], UNKNOWN_VOLTAGE),
  ),
  column('codec', int2, ({ records }, row) => records.columns.codec[row] ?? null),
  column('flags', int4, ({ records }, row) => records.columns.flags[row] ?? null),
  column('raw_time_ms', numeric, ({ records: { columns } }, row) =>
    columns.timeMs[row] === Infinity ? (columns.rawTimeMs[row] ?? null) : null,
  ),
  column('io', bytea, ({ records: { columns, frame } }, row) => ({
    bytes: frame,
    start: columns.ioStart[row] ?? 0,
    end: columns.ioEnd[row] ?? 0,
  })),
];
