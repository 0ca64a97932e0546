import { type MetricSpec } from './metric-spec';

/** The mail sender of the notification app. */
export const MAIL_METRICS = {
  notification_mail_commands_total: {
    kind: 'counter',
    help: 'Commands that the mail sender took in, by result: accepted, duplicate, unreadable.',
    labels: ['result'],
  },
  notification_mail_deliveries_total: {
    kind: 'counter',
    help: 'Attempts to send a mail by what became of it: sent, retrying, suppressed, failed, expired, lease_lost.',
    labels: ['state'],
  },
  notification_mail_suppressed_addresses_total: {
    kind: 'counter',
    help: 'Addresses that their server refused for good.',
    labels: [],
  },
  notification_mail_unsubscriptions_total: {
    kind: 'counter',
    help: 'Unsubscribe links that were followed to the end.',
    labels: [],
  },
  notification_mail_seconds: {
    kind: 'histogram',
    help: "From a mail command's acceptance to the mail server's.",
    labels: [],
  },
  notification_mail_smtp_seconds: {
    kind: 'histogram',
    help: 'Duration of one attempt at the mail server, waiting for its turn included.',
    labels: [],
  },
  notification_mail_depth: { kind: 'gauge', help: 'Mails that are not sent yet.', labels: [] },
  notification_mail_oldest_age_ms: {
    kind: 'gauge',
    help: 'By how much the mail that is due longest is late.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;
