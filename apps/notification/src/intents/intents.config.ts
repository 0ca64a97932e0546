import { duration, integer, settingGroup } from '@app/common/config';

/** How intents are taken in. */
export const intentSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_INTAKE_BATCH: integer(200, { min: 1, max: 2000 }).describe(
    'Most intents that one transaction accepts.',
  ),
  NOTIFICATION_CLAIM_THRESHOLD: duration('10s').describe(
    'An intent that another instance has held for so long is taken over.',
  ),
  NOTIFICATION_CLAIM_INTERVAL: duration('2s').describe('How often such intents are looked for.'),
  NOTIFICATION_INTENT_KEEP: duration('15m').describe('How long accepted intents stay in their stream.'),
});
