import {
  type EventKind,
  FLEET_EVENTS,
  INTENT_CATALOG,
  intentFieldsSchema,
  type IntentFields,
  fleetEventFieldsSchema,
  type FleetEventFields,
  NOTIFICATION_INTENTS,
  type OutboxDraft,
} from '../contracts';
import { OdographError } from '../errors';

/** What a producer fills in of a message; the relay adds `v`, `event_id` and `traceparent`. */
type AddedByRelay = 'v' | 'event_id' | 'traceparent';

const fleetEventDraft = fleetEventFieldsSchema.omit({ v: true, event_id: true, traceparent: true });
const intentDraft = intentFieldsSchema.omit({ v: true, event_id: true, traceparent: true });

interface DraftHead {
  readonly key: string;
  readonly eventId: string;
  readonly tenantId: string;
  readonly traceparent: string;
}

/** A message for `fleet:events`. */
export function fleetEventMessage(
  head: DraftHead,
  fields: Omit<FleetEventFields, AddedByRelay> & { kind: EventKind },
): OutboxDraft {
  return { ...head, topic: FLEET_EVENTS, fields };
}

/** A message for `notification:intents`. */
export function intentMessage(head: DraftHead, fields: Omit<IntentFields, AddedByRelay>): OutboxDraft {
  return { ...head, topic: NOTIFICATION_INTENTS, fields: definedOnly(fields) };
}

/**
 * Checks a draft against its contract before the first write, so that a mistake fails its producer and not a reader.
 *
 * @throws OdographError OUTBOX_MESSAGE_INVALID
 */
export function checkDraft({ topic, fields }: OutboxDraft): void {
  const result = (topic === FLEET_EVENTS ? fleetEventDraft : intentDraft).strict().safeParse(fields);
  if (!result.success) {
    const detail = result.error.issues
      .map(({ path, message }) => `${topic} ${path.join('.')}: ${message}`)
      .join('; ');
    throw new OdographError('OUTBOX_MESSAGE_INVALID', { detail });
  }
  if (topic === NOTIFICATION_INTENTS) checkIntentType(fields);
}

function checkIntentType(fields: Readonly<Record<string, string>>): void {
  const type = INTENT_CATALOG.get(fields['notification_type'] ?? '');
  if (type === undefined || !type.producers.includes(fields['producer'] ?? '')) {
    const detail = `the catalog has no type ${fields['notification_type']} of producer ${fields['producer']}`;
    throw new OdographError('OUTBOX_MESSAGE_INVALID', { detail });
  }
}

function definedOnly(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
