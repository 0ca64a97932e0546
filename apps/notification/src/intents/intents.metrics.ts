import { type Metrics } from '@app/common/observability';

/** The intake's metrics out of the catalog. */
export function intentMetrics(metrics: Metrics) {
  return {
    intents: metrics.counter('notification_intents_total'),
    malformed: metrics.counter('notification_malformed_intents_total'),
    oldestAgeMs: metrics.gauge('notification_intent_stream_oldest_unprocessed_age_ms'),
    waiting: metrics.gauge('notification_waiting_records'),
  };
}
export type IntentMetrics = ReturnType<typeof intentMetrics>;
