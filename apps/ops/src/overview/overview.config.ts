import { DEFAULT_TELEMETRY_SHARDS } from '@app/common/contracts';
import { deliveryStreamSettings, duration, integer, settingGroup, type SettingsOf } from '@app/common/config';

/** What the overview needs to know of the deployment. */
export const overviewSettings = settingGroup(['OVERVIEW_', 'TELEMETRY_'], {
  TELEMETRY_SHARDS: integer(DEFAULT_TELEMETRY_SHARDS, { min: 1, max: 1024 }).describe(
    'Number of telemetry shards, as the processors have it; fixed for the life of a deployment.',
  ),
  ...deliveryStreamSettings.shape,
  OVERVIEW_EVERY: duration('5s').describe('How often depth and lag of streams and outbox are looked at.'),
});
export type OverviewSettings = SettingsOf<typeof overviewSettings>;
