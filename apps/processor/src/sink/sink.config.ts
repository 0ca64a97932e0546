import { integer, settingGroup, type SettingsOf } from '@app/common/config';

export const sinkSettings = settingGroup(['SINK_'], {
  SINK_LIVE_KEEP: integer(10_000, { min: 100, max: 10_000_000 }).describe(
    'Entries that telemetry:live keeps, about; a viewer that falls further behind reads the tables.',
  ),
});
export type SinkSettings = SettingsOf<typeof sinkSettings>;
