import { duration, integer, settingGroup, type SettingsOf } from '@app/common/config';

export const ingestSettings = settingGroup(['INGEST_', 'REWIND_'], {
  INGEST_LANES: integer(2, { min: 1, max: 64 }).describe(
    'Transactions that this process has open at a time; a shard belongs to one lane, which keeps its order.',
  ),
  INGEST_BATCH_ENTRIES: integer(200, { min: 1, max: 10_000 }).describe(
    'Most stream entries that one transaction takes in.',
  ),
  REWIND_WINDOW: duration('15m').describe(
    'How long telemetry stays in its stream after it was stored, to be read again after a restore.',
  ),
});
export type IngestSettings = SettingsOf<typeof ingestSettings>;
