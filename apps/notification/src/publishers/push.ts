import { CONTRACT_VERSION, GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { type PublishingChannel } from './channel';
import { collapsedPayload } from './collapsed-payload';

/** Push: one client event for the gateway; its id is the route's, so that the gateway can drop a repeat. */
export const pushChannel: PublishingChannel = {
  channel: 'push',
  stream: GATEWAY_CLIENT_EVENTS,
  publishErrorClass: 'gateway_stream_publish_failed',
  encode: (route, _nowMs, fold) => ({
    v: CONTRACT_VERSION,
    traceparent: route.traceparent,
    event_id: route.routeId,
    user_id: route.recipient,
    kind: route.notificationType,
    payload_json:
      fold === undefined ? route.payloadJson : JSON.stringify(collapsedPayload(route.payloadJson, fold)),
    request_id: route.requestId ?? route.idempotencyKey,
    trace_id: route.traceId ?? '',
    occurred_at_ms: String(route.occurredAtMs),
    ...(route.expiresAtMs === undefined ? {} : { expires_at_ms: String(route.expiresAtMs) }),
  }),
};
