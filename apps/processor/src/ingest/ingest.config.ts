import { duration, integer, settingGroup, type SettingsOf } from '@app/common/config';

export const ingestSettings = settingGroup(['INGEST_', 'REWIND_', 'MAX_ATTEMPTS'], {
  INGEST_LANES: integer(4, { min: 1, max: 64 }).describe(
    'Transactions that this process has open at a time; a shard belongs to one lane, which keeps its order.',
  ),
  INGEST_BATCH_RECORDS: integer(2000, { min: 1, max: 50_000 }).describe(
    'Most records that one transaction takes in; a lane starts with fewer and grows to it while there is a backlog.',
  ),
  INGEST_BATCH_TIME: duration('500ms').describe(
    'A transaction that takes longer makes the next ones smaller: what comes meanwhile waits for its end.',
  ),
  MAX_ATTEMPTS: integer(5, { min: 1, max: 1000 }).describe(
    'So often is an entry tried before an error of our own code puts it into the dead letters; a database that is out spends none.',
  ),
  REWIND_WINDOW: duration('15m').describe(
    'How long telemetry stays in its stream after it was stored, to be read again after a restore.',
  ),
});
export type IngestSettings = SettingsOf<typeof ingestSettings>;
