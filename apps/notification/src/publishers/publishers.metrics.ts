import { type Metrics } from '@app/common/observability';

/** The publishers' metrics out of the catalog. */
export function publisherMetrics(metrics: Metrics) {
  return {
    routes: metrics.counter('notification_routes_total'),
    seconds: metrics.histogram('notification_publish_seconds'),
    urgentSeconds: metrics.histogram('notification_urgent_publish_seconds'),
    deadLetters: metrics.counter('notification_route_dead_letters'),
    depth: metrics.gauge('notification_route_schedule_depth'),
    oldestAgeMs: metrics.gauge('notification_route_schedule_oldest_age_ms'),
    sinkLosses: metrics.counter('notification_sink_losses_total'),
    republished: metrics.counter('notification_routes_republished_total'),
  };
}
export type PublisherMetrics = ReturnType<typeof publisherMetrics>;
