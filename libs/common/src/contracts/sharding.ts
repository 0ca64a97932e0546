import { crc32 } from 'node:zlib';

/** Number of outbox parts; a part is the unit of order and of ownership in the relay. */
export const OUTBOX_PARTS = 16;

/** The telemetry shard of a device: crc32 of the IMEI's ASCII digits, modulo the number of shards. */
export function shardOf(imei: string, shards: number): number {
  return crc32(imei) % shards;
}

/** The outbox part of a message key. */
export function partOf(key: string): number {
  return crc32(key) % OUTBOX_PARTS;
}
