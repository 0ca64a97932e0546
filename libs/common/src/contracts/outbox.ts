import { type FleetEventFields } from './events';
import { type IntentFields, type NotificationType } from './intents';
import { type FLEET_EVENTS, type NOTIFICATION_INTENTS, type OutboxTopic } from './streams';

/**
 * The relay's place in the outbox: messages are ordered by this triple and by nothing else. Ids alone go down while
 * transaction ids go up (a transaction that took its id early may commit late), which loses messages.
 */
export interface OutboxPosition {
  /** Raised when a restored database could hand out transaction ids again. */
  readonly generation: bigint;
  /** PostgreSQL's 64-bit transaction id (`xid8`) of the writer. */
  readonly xid: bigint;
  readonly id: bigint;
}

export const GENERATION_DIGITS = 10;
export const XID_DIGITS = 20;
export const ID_DIGITS = 19;
export const MARK_DIGITS = GENERATION_DIGITS + XID_DIGITS + ID_DIGITS;

/** Before the first message. */
export const OUTBOX_START: OutboxPosition = { generation: 0n, xid: 0n, id: 0n };

/**
 * The triple as one fixed-width digit string, so that comparing text compares positions: Redis scripts hold numbers
 * as doubles, which cannot carry an xid8.
 */
export function encodeMark({ generation, xid, id }: OutboxPosition): string {
  return [
    generation.toString().padStart(GENERATION_DIGITS, '0'),
    xid.toString().padStart(XID_DIGITS, '0'),
    id.toString().padStart(ID_DIGITS, '0'),
  ].join('');
}

/** The inverse of {@link encodeMark}; BigInt ignores the leading zeros that `'0012'::xid8` would read as octal. */
export function decodeMark(mark: string): OutboxPosition {
  if (mark.length !== MARK_DIGITS || !/^\d+$/.test(mark)) {
    throw new RangeError(`an outbox mark is ${MARK_DIGITS} digits, got ${JSON.stringify(mark.slice(0, 80))}`);
  }
  return {
    generation: BigInt(mark.slice(0, GENERATION_DIGITS)),
    xid: BigInt(mark.slice(GENERATION_DIGITS, GENERATION_DIGITS + XID_DIGITS)),
    id: BigInt(mark.slice(GENERATION_DIGITS + XID_DIGITS)),
  };
}

/** Negative, zero or positive as `a` lies before, at or behind `b`. */
export function comparePositions(a: OutboxPosition, b: OutboxPosition): number {
  for (const part of ['generation', 'xid', 'id'] as const) {
    if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  }
  return 0;
}

/** The lease that the relay's owner of a part holds. */
const PART_LEASE = 'outbox:part:';
export const partLeaseName = (part: number): string => `${PART_LEASE}${part}`;
export const partOfLease = (name: string): number => Number(name.slice(PART_LEASE.length));

/** What the relay adds to the fields of a message. */
export type AddedByRelay = 'v' | 'event_id' | 'traceparent';

/** What a producer fills in for each topic. Closed like the list of topics: what is not here cannot be appended. */
export interface OutboxFields {
  [FLEET_EVENTS]: Omit<FleetEventFields, AddedByRelay>;
  [NOTIFICATION_INTENTS]: Omit<IntentFields, AddedByRelay> & { notification_type: NotificationType };
}

interface DraftOf<Topic extends OutboxTopic> {
  readonly topic: Topic;
  /** Messages of one key are published in the order of their commits; here the device's IMEI. */
  readonly key: string;
  /** Deterministic (see ids), since consumers dedupe by it. */
  readonly eventId: string;
  readonly tenantId: string;
  readonly fields: Readonly<OutboxFields[Topic]>;
  /** The trace that the change belongs to; a new one where it is left out. */
  readonly traceparent?: string | undefined;
}

/** A message as a producer hands it over: the fields of its target stream, without those that the relay adds. */
export type OutboxDraft = { [Topic in OutboxTopic]: DraftOf<Topic> }[OutboxTopic];
