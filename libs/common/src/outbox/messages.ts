import { z } from 'zod';
import {
  type EventKind,
  FLEET_EVENTS,
  INTENT_CATALOG,
  intentFieldsSchema,
  type IntentFields,
  fleetEventFieldsSchema,
  type FleetEventFields,
  NOTIFICATION_INTENTS,
  OUTBOX_TOPICS,
  type OutboxDraft,
  type OutboxTopic,
} from '../contracts';
import { OdographError } from '../errors';

/** What a producer fills in of a message; the relay adds `v`, `event_id` and `traceparent`. */
type AddedByRelay = 'v' | 'event_id' | 'traceparent';

const addedByRelay = { v: true, event_id: true, traceparent: true } as const;

/** Closed like the list of topics: what has no schema here cannot be appended. */
const draftFields: Record<OutboxTopic, z.ZodType> = {
  [FLEET_EVENTS]: fleetEventFieldsSchema.omit(addedByRelay).strict(),
  [NOTIFICATION_INTENTS]: intentFieldsSchema.omit(addedByRelay).strict(),
};

const draftHead = z.object({
  topic: z.enum(OUTBOX_TOPICS),
  key: z.string().min(1),
  eventId: z.uuid(),
  tenantId: z.string().min(1),
  traceparent: z.string().min(1),
});

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
export function checkDraft(draft: OutboxDraft): void {
  const { topic, fields } = draft;
  check(String(topic), draftHead, draft);
  check(topic, draftFields[topic], fields);
  if (topic === NOTIFICATION_INTENTS) checkIntentType(fields);
}

function check(topic: string, schema: z.ZodType, value: unknown): void {
  const result = schema.safeParse(value);
  if (result.success) return;
  throw invalid(
    result.error.issues.map(({ path, message }) => `${topic} ${path.join('.')}: ${message}`).join('; '),
  );
}

function checkIntentType(fields: Readonly<Record<string, string>>): void {
  const { notification_type: name = '', producer = '', audience_kind: audience } = fields;
  const type = INTENT_CATALOG.get(name);
  if (type === undefined || !type.producers.includes(producer)) {
    throw invalid(`the catalog has no type ${name} of producer ${producer}`);
  }
  if (type.audience !== audience) throw invalid(`${name} is for the audience ${type.audience}`);
}

function invalid(detail: string): OdographError {
  return new OdographError('OUTBOX_MESSAGE_INVALID', { detail });
}

function definedOnly(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
