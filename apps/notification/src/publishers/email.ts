import { z } from 'zod';
import { CONTRACT_VERSION, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { type PublishingChannel } from './channel';
import { collapsedPayload } from './collapsed-payload';

const variablesSchema = z.record(z.string(), z.unknown());

/** Mail: one template command for the mail service; the template is named like the notification type. */
export const emailChannel: PublishingChannel = {
  channel: 'email',
  stream: MAIL_DELIVERY_COMMANDS,
  publishErrorClass: 'mail_stream_publish_failed',
  encode: (route, nowMs, fold) => {
    if (route.address === undefined) throw new Error('the route has no mail address');
    return {
      v: CONTRACT_VERSION,
      traceparent: route.traceparent,
      delivery_id: route.routeId,
      source: 'notification',
      payload_mode: 'template',
      idempotency_key: `notification:${route.routeId}`,
      requested_at_ms: String(nowMs),
      payload_json: JSON.stringify({
        to: [route.address],
        template_id: route.notificationType,
        locale: route.locale,
        variables:
          fold === undefined
            ? variablesSchema.parse(JSON.parse(route.payloadJson))
            : collapsedPayload(route.payloadJson, fold),
      }),
      ...(route.requestId === undefined ? {} : { request_id: route.requestId }),
      ...(route.traceId === undefined ? {} : { trace_id: route.traceId }),
    };
  },
};
