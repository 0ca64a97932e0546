import { duration, integer, settingGroup } from '@app/common/config';

/** How intents are taken in. */
export const intentSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_INTAKE_BATCH: integer(200, { min: 1, max: 2000 }).describe(
    'Most intents that one transaction accepts.',
  ),
  NOTIFICATION_CLAIM_INTERVAL: duration('2s').describe(
    'How often intents are looked for that another instance has held for CLAIM_THRESHOLD_MS.',
  ),
  NOTIFICATION_INTENT_KEEP: duration('15m').describe('How long accepted intents stay in their stream.'),
});
