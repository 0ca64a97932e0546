import { createHash } from 'node:crypto';

/**
 * 64-bit hash of an event id: the first 8 bytes of its SHA-256, big-endian and signed, as `ops.event_hash` in SQL. Sets of
 * ids are compared by the XOR of their hashes.
 */
export function eventHash(eventId: string): bigint {
  return createHash('sha256').update(eventId, 'utf8').digest().readBigInt64BE(0);
}
