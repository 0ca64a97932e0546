import { createHash } from 'node:crypto';
import { INTENT_CATALOG } from '@app/common/contracts';
import { type ClientEvent } from './client-event';

/** One event as Web Push carries it to one or many subscriptions. */
export interface PushMessage {
  readonly eventId: string;
  /** JSON, before it is encrypted. */
  readonly body: string;
  /** A message of the same topic replaces one that the browser has not got yet (RFC 8030, section 5.4). */
  readonly topic: string | undefined;
  readonly urgency: 'normal' | 'high';
  readonly expiresAtMs: number;
}

/** What every push service takes, encrypted, is 4096 bytes (RFC 8030, section 7.2); encryption adds 103. */
const MAX_BODY_BYTES = 3900;
/** RFC 8030 lets a topic have 32 characters. */
const TOPIC_LENGTH = 32;

/** @param ttlMs for an event that does not expire by itself. */
export function pushMessageOf(event: ClientEvent, ttlMs: number, nowMs: number): PushMessage {
  return {
    eventId: event.eventId,
    body: bodyOf(event),
    topic: topicOf(event),
    urgency: INTENT_CATALOG.get(event.kind)?.lane === 'urgent' ? 'high' : 'normal',
    expiresAtMs: Math.min(event.expiresAtMs ?? Infinity, nowMs + ttlMs),
  };
}

/** Without the payload where that is too long: the page knows the event by its id. */
function bodyOf({ eventId, kind, occurredAtMs, payloadJson }: ClientEvent): string {
  const head = JSON.stringify({ event_id: eventId, kind, occurred_at_ms: occurredAtMs }).slice(0, -1);
  const whole = `${head},"payload":${payloadJson}}`;
  return Buffer.byteLength(whole) <= MAX_BODY_BYTES ? whole : `${head},"truncated":true}`;
}

function topicOf({ kind, userId, payloadJson }: ClientEvent): string | undefined {
  const payload: unknown = JSON.parse(payloadJson);
  const key = collapseKeyOf(kind, payload);
  if (key === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([userId, ...key]))
    .digest('base64url')
    .slice(0, TOPIC_LENGTH);
}

/** Of which device and what the event tells, where the catalog says that a newer one makes it needless. */
function collapseKeyOf(kind: string, payload: unknown): readonly string[] | undefined {
  const type = INTENT_CATALOG.get(kind);
  // A payload of several events told together is none of its type's, and stands for itself.
  if (type === undefined || !type.payload.safeParse(payload).success) return undefined;
  const key = type.collapseKey(payload);
  const isObject = typeof payload === 'object' && payload !== null && 'imei' in payload;
  return key === undefined || !isObject ? undefined : [String(payload.imei), key];
}
