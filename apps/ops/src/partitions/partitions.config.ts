import { duration, settingGroup } from '@app/common/config';

/** How long positions are kept, as the processors have it. */
export const retentionSettings = settingGroup(['POSITION_'], {
  POSITION_RETENTION: duration('365d').describe(
    'How long positions are kept: older days may be dropped, and records of them count as expired.',
  ),
});
