import { type Metrics } from '@app/common/observability';

/** The intake's metrics out of the catalog. */
export function intentMetrics(metrics: Metrics) {
  return {
    intents: metrics.counter('notification_intents_total'),
    oldestAgeMs: metrics.gauge('notification_intent_stream_oldest_unprocessed_age_ms'),
  };
}
export type IntentMetrics = ReturnType<typeof intentMetrics>;
