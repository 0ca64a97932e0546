import { duration, integer, settingGroup } from '@app/common/config';

/** How the relay drains the outbox. */
export const drainSettings = settingGroup(['RELAY_'], {
  RELAY_LANES: integer(2, { min: 1, max: 16 }).describe('Parts are drained by so many loops side by side.'),
  RELAY_BATCH: integer(1000, { min: 1, max: 5000 }).describe(
    'Most messages of one part that are published in one step.',
  ),
  RELAY_STREAM_LIMIT: integer(0, { min: 0, max: Number.MAX_SAFE_INTEGER }).describe(
    'Entries of a target stream from which on nothing is published to it, until it is a tenth shorter; 0 for no limit.',
  ),
  RELAY_MEMORY_PERCENT: integer(90, { min: 0, max: 100 }).describe(
    "Part of Redis' maxmemory from which on nothing is published; 0 for no limit.",
  ),
  RELAY_POLL_INTERVAL: duration('1s').describe('Longest rest of an idle lane; a commit wakes it sooner.'),
});
