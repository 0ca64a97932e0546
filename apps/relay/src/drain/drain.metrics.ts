import { type Metrics } from '@app/common/observability';

/** The drain's metrics out of the catalog. */
export function drainMetrics(metrics: Metrics) {
  return {
    partsOwned: metrics.gauge('relay_parts_owned'),
    parked: metrics.counter('relay_parked_total'),
    published: metrics.counter('relay_published_total'),
    refusals: metrics.counter('relay_refusals_total'),
    rewinds: metrics.counter('relay_rewinds_total'),
    lag: metrics.histogram('relay_lag_seconds'),
  };
}
export type DrainMetrics = ReturnType<typeof drainMetrics>;
