import { statement, type Transaction } from '@app/common/database';
import { type KnownDevice } from './device-directory';
import { type TelemetryRecord, timestampOf } from './records';
import insertPositions from './sql/insert-positions.sql';

const INSERT = statement('sink_insert-positions', insertPositions);

/** A record with what its entry adds. */
export interface Arrival {
  readonly device: KnownDevice;
  readonly receivedAtMs: number;
  readonly traceparent: string | undefined;
  readonly record: TelemetryRecord;
}

interface PositionKey {
  readonly device_id: bigint;
  /** The number Infinity for `infinity`. */
  readonly time: Date | number;
  readonly digest: bigint;
}

const keyOf = (deviceId: bigint, timeMs: number, digest: bigint): string => `${deviceId}|${timeMs}|${digest}`;
const arrivalKey = ({ device, record }: Arrival): string => keyOf(device.id, record.timeMs, record.digest);

/** Stores the records and answers with those that were new. */
export async function storePositions(
  transaction: Transaction,
  arrivals: readonly Arrival[],
): Promise<Arrival[]> {
  const distinct = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = arrivalKey(arrival);
    if (!distinct.has(key)) distinct.set(key, arrival);
  }
  if (distinct.size === 0) return [];
  const rows = await transaction.query<PositionKey>(INSERT, columnsOf([...distinct.values()]));
  return rows.flatMap(({ device_id, time, digest }) => {
    const arrival = distinct.get(keyOf(device_id, Number(time), digest));
    return arrival === undefined ? [] : [arrival];
  });
}

function columnsOf(arrivals: readonly Arrival[]): unknown[] {
  const records = arrivals.map(({ record }) => record);
  return [
    arrivals.map(({ device }) => device.id),
    records.map(({ timeMs }) => timestampOf(timeMs)),
    records.map(({ digest }) => digest),
    arrivals.map(({ receivedAtMs }) => timestampOf(receivedAtMs)),
    records.map(({ longitude }) => longitude),
    records.map(({ latitude }) => latitude),
    records.map(({ altitudeM }) => altitudeM),
    records.map(({ angleDeg }) => angleDeg),
    records.map(({ satellites }) => satellites),
    records.map(({ speedKmh }) => speedKmh),
    records.map(({ fixValid }) => fixValid),
    records.map(({ priority }) => priority),
    records.map(({ eventIoId }) => eventIoId),
    records.map(({ ignition }) => ignition),
    records.map(({ movement }) => movement),
    records.map(({ odometerM }) => odometerM),
    records.map(({ externalVoltageMv }) => externalVoltageMv),
    records.map(({ codec }) => codec),
    records.map(({ flags }) => flags),
    records.map(({ rawTimeMs }) => rawTimeMs),
    records.map(({ io }) => io),
  ];
}
