import {
  INTENT_CATALOG,
  intentMessageId,
  intentTypeOf,
  type OutboxDraft,
  PROCESSOR_PRODUCER,
  type VehiclePayload,
} from '@app/common/contracts';
import { childTraceparent, traceIdOf } from '@app/common/observability';
import { fleetEventMessage, intentMessage } from '@app/common/outbox';
import { toDegrees } from '../domain';
import { type DeviceEvent } from './events';
import { type Rulebook } from './rulebook';

/** The messages of an event: one for everybody who follows the fleet, one for its subscribers while it is news. */
export function messagesOf(event: DeviceEvent, rulebook: Rulebook): OutboxDraft[] {
  const traceparent = childTraceparent(event.traceparent);
  const subscribers = event.isHistorical ? [] : rulebook.subscribersOf(event.device, event.kind);
  const fleetEvent = fleetMessage(event, traceparent);
  return subscribers.length === 0
    ? [fleetEvent]
    : [fleetEvent, notification(event, subscribers, traceparent)];
}

export function payloadOf({
  eventId,
  device,
  rule,
  details,
  speedKmh,
  ...place
}: DeviceEvent): VehiclePayload {
  return {
    event_id: eventId,
    imei: device.imei,
    device_name: device.name,
    reference: rule.reference,
    reference_name: rule.name,
    longitude: toDegrees(place.longitude),
    latitude: toDegrees(place.latitude),
    ...(speedKmh === null ? {} : { speed_kmh: speedKmh }),
    details: { ...details },
  };
}

function fleetMessage(event: DeviceEvent, traceparent: string): OutboxDraft {
  const { device, kind, eventId, isHistorical } = event;
  return fleetEventMessage(
    { key: device.imei, eventId, tenantId: device.tenantId, traceparent },
    {
      kind,
      device_id: device.id.toString(),
      imei: device.imei,
      tenant_id: device.tenantId,
      occurred_at_ms: String(event.occurredAtMs),
      payload_json: JSON.stringify({ ...payloadOf(event), historical: isHistorical }),
    },
  );
}

/** The event's id is the idempotency key: whoever finds the event again asks for the same notification. */
function notification(event: DeviceEvent, userIds: readonly string[], traceparent: string): OutboxDraft {
  const { device, kind, eventId, occurredAtMs } = event;
  const type = intentTypeOf(kind);
  const expiresAfterMs = INTENT_CATALOG.get(type)?.expiresAfterMs ?? 0;
  return intentMessage(
    {
      key: device.imei,
      eventId: intentMessageId(PROCESSOR_PRODUCER, eventId),
      tenantId: device.tenantId,
      traceparent,
    },
    {
      notification_type: type,
      producer: PROCESSOR_PRODUCER,
      audience_kind: 'user',
      recipient_user_ids_json: JSON.stringify(userIds),
      idempotency_key: eventId,
      subject: device.imei,
      tenant_id: device.tenantId,
      occurred_at_ms: String(occurredAtMs),
      expires_at_ms: String(occurredAtMs + expiresAfterMs),
      payload_json: JSON.stringify(payloadOf(event)),
      trace_id: traceIdOf(traceparent),
    },
  );
}
