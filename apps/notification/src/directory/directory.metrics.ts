import { type Metrics } from '@app/common/observability';

/** The directory's metrics out of the catalog. */
export function directoryMetrics(metrics: Metrics) {
  return {
    lookups: metrics.counter('notification_user_lookups_total'),
    lookupSeconds: metrics.histogram('notification_user_lookup_seconds'),
    available: metrics.gauge('notification_user_service_available'),
  };
}
export type DirectoryMetrics = ReturnType<typeof directoryMetrics>;
