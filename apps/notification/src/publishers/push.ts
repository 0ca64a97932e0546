import { CONTRACT_VERSION, GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { type PublishingChannel } from './channel';

/** Push: one client event for the gateway; its id is the route's, so that the gateway can drop a repeat. */
export const pushChannel: PublishingChannel = {
  channel: 'push',
  stream: GATEWAY_CLIENT_EVENTS,
  publishErrorClass: 'gateway_stream_publish_failed',
  encode: (route) => ({
    v: CONTRACT_VERSION,
    traceparent: route.traceparent,
    event_id: route.routeId,
    user_id: route.recipient,
    kind: route.notificationType,
    payload_json: route.payloadJson,
    request_id: route.requestId ?? route.idempotencyKey,
    trace_id: route.traceId ?? '',
    occurred_at_ms: String(route.occurredAtMs),
    ...(route.expiresAtMs === undefined ? {} : { expires_at_ms: String(route.expiresAtMs) }),
  }),
};
