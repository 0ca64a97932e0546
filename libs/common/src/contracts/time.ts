/** Bounds of event time. Device clocks are input: nothing a device says may move "now" for anybody else. */

/** A record stamped further ahead of its arrival than this is kept and flagged, and moves neither state nor rules. */
export const MAX_AHEAD_MS = 2 * 60_000;

/** First instant that is no longer stored as a timestamp: 1 January 10000 UTC. Above it the column is `infinity`. */
export const END_OF_TIME_MS = 253_402_300_800_000;

/** True when a device timestamp (u64 milliseconds since 1970 on the wire) fits the partition key as it is. */
export function isStorableTime(timestampMs: number | bigint): boolean {
  return timestampMs < END_OF_TIME_MS;
}
