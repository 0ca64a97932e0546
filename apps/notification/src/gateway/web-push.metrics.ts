import { type Metrics } from '@app/common/observability';

/** Web Push's metrics out of the catalog. */
export function webPushMetrics(metrics: Metrics) {
  return {
    sent: metrics.counter('notification_web_push_total'),
    seconds: metrics.histogram('notification_web_push_seconds'),
  };
}
export type WebPushMetrics = ReturnType<typeof webPushMetrics>;
