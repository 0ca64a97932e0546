import { type Metrics } from '@app/common/observability';

/** The retry lane's metrics out of the catalog. */
export function retryMetrics(metrics: Metrics) {
  return {
    retried: metrics.counter('relay_retried_total'),
    leaseLost: metrics.counter('relay_retry_lease_lost_total'),
    deadLetters: metrics.counter('relay_dead_letters_total'),
  };
}
export type RetryMetrics = ReturnType<typeof retryMetrics>;
