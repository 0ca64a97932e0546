import { setTimeout as delay } from 'node:timers/promises';
import { statement, type QuerySource } from '@app/common/database';
import findSettlement from './sql/find-settlement.sql';
import standingEvents from './sql/standing-events.sql';

const FIND = statement('device_find_settlement', findSettlement);
const EVENTS = statement('device_standing_events', standingEvents);

interface StateRow {
  readonly version: string;
  /** Event time of the latest accepted fix. */
  readonly last_time: Date | null;
  /** Degrees. */
  readonly longitude: number | null;
  readonly latitude: number | null;
  readonly settled: string;
  readonly resettling: boolean;
}

interface EventRow {
  readonly event_id: string;
  readonly kind: string;
  readonly reference: string;
  readonly occurred_at: Date;
}

/** What has come of a device's records: its state, and the events that stand. */
export interface Settlement {
  readonly state: StateRow | undefined;
  readonly events: readonly EventRow[];
}

/** What settling again has changed, fresh records meanwhile included. */
export interface SettlementChange {
  /** False where no processor has finished it yet; what is told then is what has changed so far. */
  readonly settled: boolean;
  readonly state: 'same' | 'changed' | 'none';
  readonly latest_before: string | null;
  readonly latest_after: string | null;
  readonly events_added: readonly string[];
  readonly events_retracted: readonly string[];
}

export async function settlementOf(source: QuerySource, deviceId: string): Promise<Settlement> {
  const [state] = await source.query<StateRow>(FIND, [deviceId]);
  return { state, events: await source.query<EventRow>(EVENTS, [deviceId]) };
}

const LOOK_EVERY_MS = 100;

/** Waits until the device's processor has folded its history again, or for so long. */
export async function waitUntilSettled(
  source: QuerySource,
  deviceId: string,
  before: Settlement,
  waitMs: number,
): Promise<SettlementChange> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const [state] = await source.query<StateRow>(FIND, [deviceId]);
    const isOver = state?.resettling !== true || performance.now() >= endMs;
    if (isOver) return changeBetween(before, await settlementOf(source, deviceId));
    await delay(LOOK_EVERY_MS);
  }
}

function changeBetween(before: Settlement, after: Settlement): SettlementChange {
  const isSame = before.state?.settled === after.state?.settled;
  const comparison = isSame ? 'same' : 'changed';
  return {
    settled: after.state?.resettling !== true,
    state: after.state === undefined ? 'none' : comparison,
    latest_before: placeText(before.state),
    latest_after: placeText(after.state),
    events_added: missing(before.events, after.events),
    events_retracted: missing(after.events, before.events),
  };
}

/** Those of `others` that are not among the events, in words. */
function missing(events: readonly EventRow[], others: readonly EventRow[]): string[] {
  const ids = new Set(events.map(({ event_id: id }) => id));
  return others
    .filter(({ event_id: id }) => !ids.has(id))
    .map(({ kind, reference, occurred_at: at }) => `${kind} ${reference} at ${at.toISOString()}`);
}

function placeText(state: StateRow | undefined): string | null {
  if (state === undefined || state.last_time === null) return null;
  return `${state.longitude}, ${state.latitude} at ${state.last_time.toISOString()}`;
}
