import { CONTRACT_VERSION, INTENT_CATALOG, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { TEMPLATES, UNIT_SYSTEMS } from '@app/common/templates';
import { type ClaimedRoute, type FoldContents } from '../routes';
import { type PublishingChannel } from './channel';

/** Mail: one template command for the mail service; the template is named like the notification type. */
export const emailChannel: PublishingChannel = {
  channel: 'email',
  stream: MAIL_DELIVERY_COMMANDS,
  publishErrorClass: 'mail_stream_publish_failed',
  encode: (route, nowMs, fold) => {
    const expiresAtMs = fold === undefined ? expiryOf(route, nowMs) : undefined;
    return {
      v: CONTRACT_VERSION,
      traceparent: route.traceparent,
      delivery_id: route.routeId,
      source: 'notification',
      payload_mode: 'template',
      idempotency_key: `notification:${route.routeId}`,
      requested_at_ms: String(nowMs),
      payload_json: JSON.stringify(payloadOf(route, fold)),
      ...(expiresAtMs === undefined ? {} : { expires_at_ms: String(expiresAtMs) }),
      ...(route.requestId === undefined ? {} : { request_id: route.requestId }),
      ...(route.traceId === undefined ? {} : { trace_id: route.traceId }),
    };
  },
};

/**
 * The mail in its user's language, zone and units.
 *
 * @throws OdographError TEMPLATE_INVALID, NOT_FOUND where payload and template do not fit.
 */
function payloadOf(route: ClaimedRoute, fold: FoldContents | undefined): object {
  if (route.address === undefined) throw new Error('the route has no mail address');
  const { notificationType: type, occurredAtMs, locale, timezone } = route;
  const call = TEMPLATES.call(
    type,
    { occurredAtMs, payload: JSON.parse(route.payloadJson) },
    { locale, timezone, units: UNIT_SYSTEMS.find((system) => system === route.units) ?? 'metric' },
    // A fold that nobody joined tells of one thing.
    fold === undefined || fold.collapsedCount < 2
      ? undefined
      : { count: fold.collapsedCount, occurrences: fold.items },
  );
  const isOfUser = INTENT_CATALOG.get(type)?.audience === 'user';
  return {
    to: [route.address],
    template_id: call.templateId,
    locale: call.locale,
    variables: call.variables,
    ...(isOfUser ? { recipient: { user_id: route.recipient, tenant_id: route.tenantId } } : {}),
  };
}

/** A mail server that is out must not make news of what is stale. What was held back longer on purpose has no expiry. */
function expiryOf(route: ClaimedRoute, nowMs: number): number | undefined {
  const lifetimeMs = INTENT_CATALOG.get(route.notificationType)?.expiresAfterMs;
  const expiresAtMs =
    route.expiresAtMs ?? (lifetimeMs === undefined ? undefined : route.occurredAtMs + lifetimeMs);
  return expiresAtMs !== undefined && expiresAtMs > nowMs ? expiresAtMs : undefined;
}
