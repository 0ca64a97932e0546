import { eventId, INTENT_CATALOG, intentTypeOf } from '@app/common/contracts';
import {
  BinaryArray,
  type BinaryType,
  binaryTypes,
  statement,
  type Statement,
  type Transaction,
} from '@app/common/database';
import { type FoundEvent } from '../domain';
import { type KnownDevice } from './device-directory';
import { type SettledDevice } from './device-states';
import { timestampOf } from './records';
import { type Rulebook } from './rulebook';
import retractEvents from './sql/retract-events.sql';
import saveDoubtfulEvents from './sql/save-doubtful-events.sql';
import saveEvents from './sql/save-events.sql';

const { bool, int4, int8, text, timestamptz, uuid } = binaryTypes;

const SAVE = statement('sink_save-events', saveEvents);
const SAVE_DOUBTFUL = statement('sink_save-doubtful-events', saveDoubtfulEvents);
const RETRACT = statement('sink_retract-events', retractEvents);

/** An event with its identity. */
export interface DeviceEvent extends FoundEvent {
  readonly eventId: string;
  readonly device: KnownDevice;
  /** Too old, when it is found, to tell anybody. */
  readonly isHistorical: boolean;
  readonly traceparent: string | undefined;
}

export interface StoredEvents {
  /** Those that were not there before, in the order in which they were found. */
  readonly added: readonly DeviceEvent[];
  /** The kinds of those that turned out not to have happened so. */
  readonly retractedKinds: readonly string[];
}

/** Brings `telemetry.event` to what the settled devices' folds found. */
export async function storeEvents(
  transaction: Transaction,
  settled: readonly SettledDevice[],
  rulebook: Rulebook,
  nowMs: number,
): Promise<StoredEvents> {
  const retractedKinds: string[] = [];
  for (const one of settled) retractedKinds.push(...(await retract(transaction, one, rulebook)));
  const eventsOf = (which: 'events' | 'doubtfulEvents'): DeviceEvent[] =>
    settled.flatMap((one) => one.settlement[which].map((found) => deviceEvent(one, found, nowMs)));
  const added = await save(transaction, SAVE, eventsOf('events'));
  const doubtful = await save(transaction, SAVE_DOUBTFUL, eventsOf('doubtfulEvents'));
  return { added: [...added, ...doubtful], retractedKinds };
}

/** Answers with those that were not there before. */
async function save(
  transaction: Transaction,
  by: Statement,
  events: readonly DeviceEvent[],
): Promise<DeviceEvent[]> {
  if (events.length === 0) return [];
  const rows = await transaction.query<{ event_id: string; is_new: boolean }>(by, columnsOf(events));
  const added = new Set(rows.filter(({ is_new }) => is_new).map(({ event_id }) => event_id));
  return events.filter((event) => added.has(event.eventId));
}

function deviceEvent({ device, traceparent }: SettledDevice, found: FoundEvent, nowMs: number): DeviceEvent {
  const { kind, occurredAtMs } = found;
  const id = eventId({
    deviceId: device.id.toString(),
    kind,
    reference: found.rule.reference,
    occurredAtMs,
  });
  const expiresAfterMs = INTENT_CATALOG.get(intentTypeOf(kind))?.expiresAfterMs ?? 0;
  return { ...found, eventId: id, device, traceparent, isHistorical: nowMs - occurredAtMs > expiresAfterMs };
}

const LOWEST_DIGEST = -(2n ** 63n);
const HIGHEST_DIGEST = 2n ** 63n - 1n;

async function retract(
  transaction: Transaction,
  { device, settlement }: SettledDevice,
  rulebook: Rulebook,
): Promise<string[]> {
  if (settlement.resettled === undefined) return [];
  const { after, upTo } = settlement.resettled;
  const rules = rulebook.rulesOf(device);
  const rows = await transaction.query<{ kind: string }>(RETRACT, [
    device.id,
    timestampOf(after?.timeMs ?? Number.NEGATIVE_INFINITY),
    after?.digest ?? LOWEST_DIGEST,
    timestampOf(upTo?.timeMs ?? Number.POSITIVE_INFINITY),
    upTo?.digest ?? HIGHEST_DIGEST,
    rules.map(({ reference }) => reference),
    rules.map(({ version }) => version),
    settlement.events.map(({ kind, rule, occurredAtMs }) =>
      eventId({ deviceId: device.id.toString(), kind, reference: rule.reference, occurredAtMs }),
    ),
  ]);
  return rows.map(({ kind }) => kind);
}

function columnsOf(events: readonly DeviceEvent[]): Buffer[] {
  const column = <Value>(type: BinaryType<Value>, value: (event: DeviceEvent) => Value): Buffer =>
    BinaryArray.of(type, events.map(value));
  return [
    column(uuid, (event) => event.eventId),
    column(int8, ({ device }) => device.id),
    column(text, ({ device }) => device.tenantId),
    column(text, ({ kind }) => kind),
    column(text, ({ rule }) => rule.reference),
    column(int4, ({ rule }) => rule.version),
    column(timestamptz, ({ occurredAtMs }) => occurredAtMs),
    column(timestamptz, ({ confirmed }) => confirmed.timeMs),
    column(int8, ({ confirmed }) => confirmed.digest),
    column(int4, ({ longitude }) => longitude),
    column(int4, ({ latitude }) => latitude),
    column(int4, ({ speedKmh }) => speedKmh),
    column(text, ({ details }) => JSON.stringify(details)),
    column(bool, ({ isHistorical }) => isHistorical),
  ];
}
