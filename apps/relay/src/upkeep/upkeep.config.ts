import { duration, integer, settingGroup } from '@app/common/config';

/** What the relay keeps tidy. */
export const upkeepSettings = settingGroup(['OUTBOX_', 'UPKEEP_', 'RELAY_'], {
  OUTBOX_KEEP: duration('24h')
    .refine((ms) => ms >= 3_600_000 && ms <= 46 * 3_600_000, 'is not between 1h and 46h')
    .describe(
      'How long published messages stay in the outbox, so that a Redis that lost its tail can be filled again.',
    ),
  UPKEEP_INTERVAL: duration('1h').describe('How often partitions, ring slots and streams are tended.'),
  UPKEEP_DAYS_AHEAD: integer(2, { min: 1, max: 30 }).describe(
    'Day partitions of telemetry.position made in advance.',
  ),
  UPKEEP_LEDGER_KEEP: duration('31d')
    .refine((ms) => ms >= 48 * 3_600_000, 'is below 48h')
    .describe(
      'How far back `odo outbox audit` can look: closed hours of the event ledger are kept this long.',
    ),
  RELAY_DEAD_LETTER_KEEP: duration('90d')
    .refine((ms) => ms >= 24 * 3_600_000, 'is below 1d')
    .describe(
      'Months of dead letters that ended so long ago are dropped, unless a letter in them is unresolved.',
    ),
});
