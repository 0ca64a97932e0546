import { integer, settingGroup, type SettingsOf } from '@app/common/config';

export const sinkSettings = settingGroup(['SINK_'], {
  SINK_LIVE_KEEP: integer(10_000, { min: 100, max: 10_000_000 }).describe(
    'Entries that telemetry:live keeps, about; a viewer that falls further behind reads the tables.',
  ),
  SINK_STATE_CACHE: integer(20_000, { min: 0, max: 1_000_000 }).describe(
    'Device states kept in memory, some 2 KB each; those of a larger fleet are read again when they are needed.',
  ),
  SINK_SETTLE_FIXES: integer(4000, { min: 100, max: 100_000 }).describe(
    'Stored fixes that one transaction folds again for late records and new rules; what needs more is settled in slices beside the fresh records.',
  ),
});
export type SinkSettings = SettingsOf<typeof sinkSettings>;
