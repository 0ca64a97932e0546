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
    help: "From the acceptance of an intent to its route's stream entry.",
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
  notification_retention_total: {
    kind: 'counter',
    help: 'Rounds of retention by kind of row and result: done, failed.',
    labels: ['what', 'result'],
  },
  notification_retention_deleted_total: {
    kind: 'counter',
    help: 'Rows that were kept long enough, by kind.',
    labels: ['what'],
  },
} as const satisfies Record<string, MetricSpec>;
