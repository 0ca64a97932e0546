import { type EventKind } from '@app/common/contracts';
import { type QuerySource, statement } from '@app/common/database';
import listEvents from './sql/list-events.sql';

const LIST = statement('event_list', listEvents);
const PAGE = 1_000;
const NO_EVENT = '00000000-0000-0000-0000-000000000000';

/** A row of telemetry.event for people. */
export interface EventRow {
  readonly occurred_at: Date;
  readonly event_id: string;
  readonly imei: string;
  readonly tenant_id: string;
  readonly kind: string;
  readonly reference: string;
  readonly reference_version: number;
  readonly longitude: number;
  readonly latitude: number;
  readonly speed_kmh: number | null;
  readonly details: unknown;
  readonly historical: boolean;
  readonly confirmed_time: Date;
  readonly created_at: Date;
  readonly retracted_at: Date | null;
}

export interface EventFilter {
  /** Of all devices when undefined. */
  readonly imei: string | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  readonly kind: EventKind | undefined;
  readonly withRetracted: boolean;
}

/** Events in the order of their times, a page at a time. */
export async function* eventPages(
  source: QuerySource,
  { imei, from, to, kind, withRetracted }: EventFilter,
): AsyncGenerator<readonly EventRow[]> {
  let after: readonly [Date | string, string] = ['-infinity', NO_EVENT];
  for (;;) {
    const range = [from ?? '-infinity', to ?? 'infinity'];
    const params = [...range, ...after, imei ?? null, kind ?? null, withRetracted, PAGE];
    const rows = await source.query<EventRow>(LIST, params);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < PAGE) return;
    after = [last.occurred_at, last.event_id];
  }
}
