import { type Metrics } from '@app/common/observability';

export type IngestMetrics = ReturnType<typeof ingestMetrics>;

export function ingestMetrics(metrics: Metrics) {
  return {
    entries: metrics.counter('ingest_entries_total'),
    lostEntries: metrics.counter('ingest_lost_entries_total'),
    shardsOwned: metrics.gauge('ingest_shards_owned'),
  };
}
