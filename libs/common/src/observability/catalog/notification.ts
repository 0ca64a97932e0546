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
  notification_route_decisions_total: {
    kind: 'counter',
    help: 'Why routes were not simply published: deferred, folded, admitted, skipped, superseded, expired, each with its reason.',
    labels: ['channel', 'decision', 'reason'],
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
    help: 'Age of the oldest intent that is not accepted yet, or whose recipients are not known yet.',
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
  notification_malformed_intents_total: {
    kind: 'counter',
    help: 'Intents that were put aside, by what is wrong with them.',
    labels: ['code'],
  },
  notification_waiting_records: {
    kind: 'gauge',
    help: 'Accepted intents whose recipients are not known yet; at 100,000 it says no more.',
    labels: [],
  },
  notification_user_lookups_total: {
    kind: 'counter',
    help: 'Lookups at the user service by result: found, unknown, failed.',
    labels: ['result'],
  },
  notification_user_lookup_seconds: {
    kind: 'histogram',
    help: 'How long lookups at the user service took.',
    labels: [],
  },
  notification_user_service_available: {
    kind: 'gauge',
    help: '1 while the user service is asked, 0 while it is given a rest.',
    labels: [],
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
  notification_gateway_connections: {
    kind: 'gauge',
    help: 'Open WebSockets of the push gateway.',
    labels: [],
  },
  notification_gateway_upgrades_total: {
    kind: 'counter',
    help: 'WebSocket upgrades by result: accepted, origin, unauthorized, malformed, user_limit, rate, full, draining.',
    labels: ['result'],
  },
  notification_gateway_closed_total: {
    kind: 'counter',
    help: 'WebSockets that ended, by reason: client, dead, token_expired, too_slow, policy, draining, failed.',
    labels: ['reason'],
  },
  notification_gateway_events_total: {
    kind: 'counter',
    help: 'Events for connected clients by result: sent, coalesced, expired, repeated, malformed (of the stream).',
    labels: ['result'],
  },
  notification_gateway_resumes_total: {
    kind: 'counter',
    help: 'Clients that came back, by result: resumed, reset (what they had missed was trimmed in part), failed.',
    labels: ['result'],
  },
  notification_gateway_delivery_seconds: {
    kind: 'histogram',
    help: 'From the stream entry of an event to its writing to a live client.',
    labels: [],
  },
  notification_web_push_total: {
    kind: 'counter',
    help: 'Web Push messages by result: sent, retry, expired, gone (the subscription is removed), too_large, refused.',
    labels: ['result'],
  },
  notification_web_push_seconds: {
    kind: 'histogram',
    help: 'From the stream entry of an event to the end of its first attempts by Web Push.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;
