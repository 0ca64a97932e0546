import { v5 as uuidV5 } from 'uuid';
import xxhash from 'xxhash-wasm';
import { z } from 'zod';

/** Fixed for ever: another namespace would give every event and notification a second identity. */
const EVENT_NAMESPACE = '5b0f9c1e-7f5e-5d0c-9a52-6f1d6e3c2a10';
const NOTIFICATION_NAMESPACE = 'c3d1a7b4-2e68-5f0b-8d4e-90a1b7f6e520';

const hasher = xxhash();

/** Hashes record bytes; see {@link loadRecordDigest}. Shape: signed 64-bit, as PostgreSQL's bigint holds it. */
export type RecordDigest = (recordBytes: Uint8Array) => bigint;

/**
 * Record digest, version 1: XXH64 with seed 0 over the record's wire bytes, read as a signed 64-bit integer.
 *
 * It is part of a position's key, so it never changes: a second version would make every stored record look new.
 * Loading is asynchronous because the hash is WebAssembly; hashing itself is not.
 */
export async function loadRecordDigest(): Promise<RecordDigest> {
  const xx = await hasher;
  return (recordBytes) => BigInt.asIntN(64, xx.h64Raw(recordBytes));
}

/** What makes an event the same event wherever and whenever it is found again. */
export interface EventIdentity {
  readonly deviceId: string;
  readonly kind: string;
  /** What the event is about besides the device: a geofence or a rule id. */
  readonly reference: string;
  readonly occurredAtMs: number;
}

/** Deterministic event id: UUIDv5 of `device|kind|reference|time_ms`. */
export function eventId({ deviceId, kind, reference, occurredAtMs }: EventIdentity): string {
  return uuidV5(`${deviceId}|${kind}|${reference}|${occurredAtMs}`, EVENT_NAMESPACE);
}

/**
 * Deterministic notification id: UUIDv5 of (producer, idempotency key). Not the stream entry id, which a rebuilt
 * Redis hands out a second time.
 */
export function notificationId(producer: string, idempotencyKey: string): string {
  return uuidV5(JSON.stringify([producer, idempotencyKey]), NOTIFICATION_NAMESPACE);
}

/** An event id as streams carry it: a UUID, and of a message that an operator replayed as new `#r<replay>` behind it. */
export const publishedEventIdSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#r\d{1,18})?$/i, 'is no event id');

/** The id of an intent's outbox message: one per (producer, idempotency key), unlike that of the event it tells of. */
export function intentMessageId(producer: string, idempotencyKey: string): string {
  return uuidV5(JSON.stringify(['intent', producer, idempotencyKey]), NOTIFICATION_NAMESPACE);
}

export const CHANNELS = ['push', 'email'] as const;
export type Channel = (typeof CHANNELS)[number];

/** The id of one recipient's copy of a notification on one channel; it is the dedupe key of the sink's stream. */
export function routeId(channel: Channel, notification: string, recipient: string): string {
  return `${channel}:${notification}:${recipient}`;
}
