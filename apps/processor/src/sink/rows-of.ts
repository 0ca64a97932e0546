import { RecordColumns, UNKNOWN_SPEED, UNKNOWN_VOLTAGE } from './record-columns';
import { RecordRows, switchNumber } from './record-rows';
import { type TelemetryRecord } from './records';

/** Records that came as objects, as rows: for codecs and specs where an object for each does no harm. */
export function rowsOf(records: readonly TelemetryRecord[]): RecordRows {
  const columns = new RecordColumns(records.length);
  let ioEnd = 0;
  records.forEach((record, row) => {
    columns.timeMs[row] = record.timeMs;
    columns.rawTimeMs[row] = record.rawTimeMs ?? 0n;
    columns.digest[row] = record.digest;
    columns.longitude[row] = record.longitude;
    columns.latitude[row] = record.latitude;
    columns.altitudeM[row] = record.altitudeM;
    columns.angleDeg[row] = record.angleDeg;
    columns.satellites[row] = record.satellites;
    columns.speedKmh[row] = record.speedKmh ?? UNKNOWN_SPEED;
    columns.fixValid[row] = Number(record.fixValid);
    columns.priority[row] = record.priority;
    columns.eventIoId[row] = record.eventIoId;
    columns.ignition[row] = switchNumber(record.ignition);
    columns.movement[row] = switchNumber(record.movement);
    columns.odometerM[row] = record.odometerM ?? NaN;
    columns.externalVoltageMv[row] = record.externalVoltageMv ?? UNKNOWN_VOLTAGE;
    columns.codec[row] = record.codec;
    columns.flags[row] = record.flags;
    columns.ioStart[row] = ioEnd;
    columns.ioEnd[row] = ioEnd += record.io.length;
  });
  columns.length = records.length;
  const frame = Buffer.concat(records.map(({ io }) => io));
  return new RecordRows(columns, frame, { first: 0, length: records.length });
}
