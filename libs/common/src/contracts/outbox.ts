import { type OutboxTopic } from './streams';

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

/** A message as a producer hands it over: the fields of its target stream, without those that the relay adds. */
export interface OutboxDraft {
  readonly topic: OutboxTopic;
  /** Messages of one key are published in the order of their commits; here the device's IMEI. */
  readonly key: string;
  /** Deterministic (see ids), since consumers dedupe by it. */
  readonly eventId: string;
  readonly tenantId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly traceparent: string;
}
