import { type Metrics } from '@app/common/observability';

/** The drain's metrics out of the catalog. */
export function drainMetrics(metrics: Metrics) {
  return {
    partsOwned: metrics.gauge('relay_parts_owned'),
    backlog: metrics.gauge('relay_backlog_messages'),
    oldest: metrics.gauge('relay_oldest_claimable_seconds'),
    oldestKept: metrics.gauge('relay_oldest_kept_seconds'),
    parkedKeys: metrics.gauge('relay_parked_keys'),
    retryDepth: metrics.gauge('relay_retry_depth'),
    xminAge: metrics.gauge('relay_xmin_age_seconds'),
    breaker: metrics.gauge('relay_breaker_state'),
    heldTopics: metrics.gauge('relay_held_topics'),
    parked: metrics.counter('relay_parked_total'),
    published: metrics.counter('relay_published_total'),
    refusals: metrics.counter('relay_refusals_total'),
    rewinds: metrics.counter('relay_rewinds_total'),
    lag: metrics.histogram('relay_lag_seconds'),
  };
}
export type DrainMetrics = ReturnType<typeof drainMetrics>;
