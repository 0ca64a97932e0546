import { eventId, INTENT_CATALOG, intentTypeOf } from '@app/common/contracts';
import {
  expectedEvents,
  recordKey,
  type ExpectedEvent,
  type Ledger,
  type LedgerRecord,
} from '../../apps/ops/src/fleet';
import { type PromisedEvent, type Promises } from './balance';
import { type RuleBook } from './rule-book';

/** What the ledger and the rules say must be there; `deviceIds` gives the number of an IMEI in telemetry.device. */
export function promisesOf(ledger: Ledger, book: RuleBook, deviceIds: ReadonlyMap<string, bigint>): Promises {
  const records = new Map<string, { isAcked: boolean }>();
  const events = new Map<string, PromisedEvent>();
  const nowMs = Date.now();
  for (const imei of ledger.devices) {
    const own = ledger.recordsOf(imei);
    for (const { timeMs, digest, isAcked } of own) records.set(recordKey(imei, timeMs, digest), { isAcked });
    for (const expected of expectedEvents(own, book.rules)) {
      const id = eventId({
        // A device that was never enrolled has no number; its events are then missing under this name.
        deviceId: String(deviceIds.get(imei) ?? `unknown device ${imei}`),
        ...{ kind: expected.kind, reference: expected.reference, occurredAtMs: expected.at.timeMs },
      });
      // Two findings of one kind in one millisecond are one event: the first.
      if (!events.has(id)) events.set(id, promisedEvent(expected, own, nowMs));
    }
  }
  return {
    ...{ records, events, wrongAnswers: ledger.wrongAnswers },
    undecodable: new Map(
      ledger.parked.map(({ imei, frame, isAcked, sends }) => [frameKey(imei, frame), { isAcked, sends }]),
    ),
    unackedFrames: ledger.unackedFrames().map((number) => frameLabel(ledger, number)),
  };
}

export const frameKey = (imei: string, frame: Buffer): string => `${imei}|${frame.toString('hex')}`;

function frameLabel(ledger: Ledger, number: number): string {
  const { records } = ledger.frame(number);
  const [first] = records;
  return `${first?.imei ?? '?'} frame of ${records.length} from ${isoTime(first?.timeMs)}`;
}

/** What a row says beside its id, in one line; compared as text. */
export function eventContent(event: {
  readonly confirmedTimeMs: number;
  readonly confirmedDigest: bigint;
  readonly longitude: number;
  readonly latitude: number;
  readonly speedKmh: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}): string {
  const details = Object.entries(event.details)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`);
  return [
    `confirmed ${isoTime(event.confirmedTimeMs)} ${event.confirmedDigest}`,
    `at ${event.longitude}/${event.latitude} ${event.speedKmh} km/h`,
    ...details,
  ].join(' ');
}

function promisedEvent(expected: ExpectedEvent, own: readonly LedgerRecord[], nowMs: number): PromisedEvent {
  const { imei, kind, reference, at, confirmedBy, details } = expected;
  return {
    label: `${imei} ${kind} ${reference} at ${isoTime(at.timeMs)}`,
    content: eventContent({
      ...{ confirmedTimeMs: confirmedBy.timeMs, confirmedDigest: confirmedBy.digest, details },
      ...{ longitude: at.longitude, latitude: at.latitude, speedKmh: at.speedKmh },
    }),
    historical: isHistorical(expected, own, nowMs),
  };
}

/** It was found between the sending of the record that confirms it and now. */
function isHistorical({ kind, at, confirmedBy }: ExpectedEvent, own: readonly LedgerRecord[], nowMs: number) {
  const expiresAfterMs = INTENT_CATALOG.get(intentTypeOf(kind))?.expiresAfterMs ?? Infinity;
  const confirming = own.find(
    ({ timeMs, digest }) => timeMs === confirmedBy.timeMs && digest === confirmedBy.digest,
  );
  if (confirming !== undefined && confirming.sentAtMs - at.timeMs > expiresAfterMs) return true;
  return nowMs - at.timeMs <= expiresAfterMs ? false : undefined;
}

const isoTime = (timeMs: number | undefined): string =>
  timeMs === undefined ? '?' : new Date(timeMs).toISOString();
