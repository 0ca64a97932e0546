import { type MetricSpec } from './metric-spec';

/** Intents and routes; without our prefix, as existing dashboards know them. */
export const NOTIFICATION_METRICS = {
  notification_intents_total: {
    kind: 'counter',
    help: 'Intents by result: accepted, duplicate, malformed.',
    labels: ['result'],
  },
  notification_routes_total: {
    kind: 'counter',
    help: 'Routes by channel and the state that they reached.',
    labels: ['channel', 'state'],
  },
  notification_publish_seconds: {
    kind: 'histogram',
    help: "From the acceptance of an intent to its route's stream entry, for the normal lane.",
    labels: ['channel'],
  },
  notification_urgent_publish_seconds: {
    kind: 'histogram',
    help: "From the acceptance of an intent to its route's stream entry, for the urgent lane.",
    labels: ['channel'],
  },
  notification_sink_losses_total: {
    kind: 'counter',
    help: 'Times that a target stream did not hold any more what it had acknowledged, by channel.',
    labels: ['channel'],
  },
  notification_routes_republished_total: {
    kind: 'counter',
    help: 'Published routes that became due again, as their target stream has lost their entries, by channel.',
    labels: ['channel'],
  },
  notification_intent_stream_oldest_unprocessed_age_ms: {
    kind: 'gauge',
    help: 'Age of the oldest intent that is not accepted yet.',
    labels: [],
  },
  notification_route_schedule_depth: { kind: 'gauge', help: 'Routes that wait for publishing.', labels: [] },
  notification_route_schedule_oldest_age_ms: {
    kind: 'gauge',
    help: 'Age of the oldest due route.',
    labels: [],
  },
  notification_route_dead_letters: {
    kind: 'counter',
    help: 'Routes that exhausted their attempts.',
    labels: ['channel'],
  },
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
