import { type Metrics } from '@app/common/observability';

export type IngestMetrics = ReturnType<typeof ingestMetrics>;

export function ingestMetrics(metrics: Metrics) {
  return {
    entries: metrics.counter('ingest_entries_total'),
    lostEntries: metrics.counter('ingest_lost_entries_total'),
    shardsOwned: metrics.gauge('ingest_shards_owned'),
    batchRecords: metrics.gauge('ingest_batch_records'),
    breakerState: metrics.gauge('ingest_breaker_state'),
    restores: metrics.counter('ingest_restores_total'),
    unreadTrimmed: metrics.gauge('ingest_streams_unread_trimmed'),
    unknownGroups: metrics.gauge('ingest_unknown_groups'),
    defaultRecords: metrics.gauge('ingest_default_partition_records'),
  };
}
