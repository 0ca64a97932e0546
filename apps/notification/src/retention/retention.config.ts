import { duration, settingGroup } from '@app/common/config';

const DAY_MS = 24 * 3_600_000;
const kept = (fallback: string, leastDays: number) =>
  duration(fallback).refine((ms) => ms >= leastDays * DAY_MS, `is below ${leastDays}d`);

/** How long notification keeps what it is done with. */
export const retentionSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_RECORD_RETENTION: kept('30d', 3).describe(
    'Age at which a record goes with its routes and their decisions, counted from its last change; one with a route under way or with a dead letter stays. So long the same intent changes nothing: after that it is a new one.',
  ),
  NOTIFICATION_DEAD_LETTER_RETENTION: kept('90d', 1).describe(
    'Age at which a dead letter goes, resolved or not; its record stays with it.',
  ),
  NOTIFICATION_MALFORMED_INTENT_RETENTION: kept('90d', 3).describe('Age at which a malformed intent goes.'),
  NOTIFICATION_CLEANUP_INTERVAL: duration('1h')
    .refine((ms) => ms >= 1000, 'is below 1s')
    .describe('How often one instance looks for what is kept no longer.'),
});
