import { duration, integer, settingGroup } from '@app/common/config';

/** What the relay keeps tidy. */
export const upkeepSettings = settingGroup(['OUTBOX_', 'UPKEEP_'], {
  OUTBOX_KEEP: duration('24h')
    .refine((ms) => ms >= 3_600_000 && ms <= 46 * 3_600_000, 'is not between 1h and 46h')
    .describe(
      'How long published messages stay in the outbox, so that a Redis that lost its tail can be filled again.',
    ),
  UPKEEP_INTERVAL: duration('1h').describe('How often partitions, ring slots and streams are tended.'),
  UPKEEP_STREAM_KEEP: duration('24h').describe(
    'Age at which entries of the streams without a registered group go.',
  ),
  UPKEEP_DAYS_AHEAD: integer(2, { min: 1, max: 30 }).describe(
    'Day partitions of telemetry.position made in advance.',
  ),
});
