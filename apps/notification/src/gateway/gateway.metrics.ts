import { type Metrics } from '@app/common/observability';

/** The gateway's metrics out of the catalog. */
export function gatewayMetrics(metrics: Metrics) {
  return {
    connections: metrics.gauge('notification_gateway_connections'),
    upgrades: metrics.counter('notification_gateway_upgrades_total'),
    closed: metrics.counter('notification_gateway_closed_total'),
    events: metrics.counter('notification_gateway_events_total'),
    resumes: metrics.counter('notification_gateway_resumes_total'),
    deliverySeconds: metrics.histogram('notification_gateway_delivery_seconds'),
  };
}
export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;
