import { type Metrics } from '@app/common/observability';

/** Retention's metrics out of the catalog. */
export function retentionMetrics(metrics: Metrics) {
  return {
    deleted: metrics.counter('notification_retention_deleted_total'),
    rounds: metrics.counter('notification_retention_total'),
  };
}
export type RetentionMetrics = ReturnType<typeof retentionMetrics>;
