import { type Metrics } from '@app/common/observability';

export type SinkMetrics = ReturnType<typeof sinkMetrics>;

export function sinkMetrics(metrics: Metrics) {
  return {
    records: metrics.counter('ingest_records_total'),
    transactionSeconds: metrics.histogram('sink_transaction_seconds'),
    recordAgeSeconds: metrics.histogram('sink_record_age_seconds'),
    liveFailures: metrics.counter('sink_live_failures_total'),
    deviceStates: metrics.counter('sink_device_states_total'),
    cachedStates: metrics.gauge('sink_cached_device_states'),
    resettlingDevices: metrics.gauge('domain_resettling_devices'),
    resettlingSlices: metrics.counter('domain_resettling_slices_total'),
    events: metrics.counter('domain_events_total'),
    resettledDevices: metrics.counter('domain_resettled_devices_total'),
  };
}
