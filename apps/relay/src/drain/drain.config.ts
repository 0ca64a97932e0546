import { duration, integer, settingGroup } from '@app/common/config';

/** How the relay drains the outbox. */
export const drainSettings = settingGroup(['RELAY_'], {
  RELAY_LANES: integer(2, { min: 1, max: 16 }).describe('Parts are drained by so many loops side by side.'),
  RELAY_BATCH: integer(500, { min: 1, max: 5000 }).describe(
    'Most messages of one part that are published in one step.',
  ),
  RELAY_POLL_INTERVAL: duration('1s').describe('Longest rest of an idle lane; a commit wakes it sooner.'),
});
