import { type Metrics } from '@app/common/observability';

/** The mail sender's metrics out of the catalog. */
export function mailMetrics(metrics: Metrics) {
  return {
    commands: metrics.counter('notification_mail_commands_total'),
    deliveries: metrics.counter('notification_mail_deliveries_total'),
    suppressed: metrics.counter('notification_mail_suppressed_addresses_total'),
    unsubscriptions: metrics.counter('notification_mail_unsubscriptions_total'),
    seconds: metrics.histogram('notification_mail_seconds'),
    smtpSeconds: metrics.histogram('notification_mail_smtp_seconds'),
    depth: metrics.gauge('notification_mail_depth'),
    oldestAgeMs: metrics.gauge('notification_mail_oldest_age_ms'),
  };
}
export type MailMetrics = ReturnType<typeof mailMetrics>;
