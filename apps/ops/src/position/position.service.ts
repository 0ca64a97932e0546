import { type QuerySource, statement } from '@app/common/database';
import listPositions from './sql/list-positions.sql';

const LIST = statement('position_list', listPositions);

/** Rows of one statement: what is held in memory at a time. */
const PAGE = 1_000;
const LEAST_DIGEST = -(2n ** 63n);

/** A row of telemetry.position for people: degrees, metres, km/h, millivolts. */
export interface PositionRow {
  /** Infinity where the device's clock was out of range: raw_time_ms has it then. */
  readonly time: Date | number;
  readonly digest: bigint;
  readonly received_at: Date;
  readonly longitude: number;
  readonly latitude: number;
  readonly altitude_m: number;
  readonly angle_deg: number;
  readonly satellites: number;
  /** Null where the record does not say. */
  readonly speed_kmh: number | null;
  readonly fix_valid: boolean;
  readonly priority: number;
  readonly event_io_id: number;
  readonly ignition: boolean | null;
  readonly movement: boolean | null;
  readonly odometer_m: bigint | null;
  readonly external_voltage_mv: number | null;
  readonly flags: number;
  readonly raw_time_ms: string | null;
}

export interface TimeRange {
  readonly from: Date | undefined;
  /** The first moment that is not listed; without it all, those of an unusable clock included. */
  readonly to: Date | undefined;
}

/** The positions of a device in the order of their event times, a page at a time. */
export async function* positionPages(
  source: QuerySource,
  deviceId: string,
  { from, to }: TimeRange,
): AsyncGenerator<readonly PositionRow[]> {
  let after: readonly [Date | number | string, bigint] = ['-infinity', LEAST_DIGEST];
  for (;;) {
    const params = [deviceId, from ?? '-infinity', to ?? null, ...after, PAGE];
    const rows = await source.query<PositionRow>(LIST, params);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < PAGE) return;
    after = [last.time, last.digest];
  }
}
