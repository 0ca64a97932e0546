import { z } from 'zod';
import {
  FLEET_EVENTS,
  fleetEventFieldsSchema,
  INTENT_CATALOG,
  intentFieldsSchema,
  NOTIFICATION_INTENTS,
  OUTBOX_TOPICS,
  type OutboxDraft,
  type OutboxFields,
  type OutboxTopic,
} from '../contracts';
import { OdographError } from '../errors';

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
  traceparent: z.string().min(1).optional(),
});

type DraftHead = Pick<OutboxDraft, 'key' | 'eventId' | 'tenantId' | 'traceparent'>;

/** A message for `fleet:events`. */
export function fleetEventMessage(head: DraftHead, fields: OutboxFields[typeof FLEET_EVENTS]): OutboxDraft {
  return { ...head, topic: FLEET_EVENTS, fields };
}

/** A message for `notification:intents`. */
export function intentMessage(
  head: DraftHead,
  fields: OutboxFields[typeof NOTIFICATION_INTENTS],
): OutboxDraft {
  return { ...head, topic: NOTIFICATION_INTENTS, fields };
}

/**
 * Checks a draft against its contract before the first write, so that a mistake fails its producer and not a reader.
 *
 * @throws OdographError OUTBOX_MESSAGE_INVALID
 */
export function checkDraft(draft: OutboxDraft): void {
  const { topic, fields } = draft;
  check(topic, draftHead, draft);
  check(topic, draftFields[topic], fields);
  if (draft.topic === NOTIFICATION_INTENTS) checkIntent(draft.fields);
}

function check(what: string, schema: z.ZodType, value: unknown): void {
  const result = schema.safeParse(value);
  if (result.success) return;
  throw invalid(
    result.error.issues.map(({ path, message }) => `${what} ${path.join('.')}: ${message}`).join('; '),
  );
}

function checkIntent({
  notification_type: name,
  producer,
  audience_kind: audience,
  payload_json: payload,
}: OutboxFields[typeof NOTIFICATION_INTENTS]): void {
  const type = INTENT_CATALOG.get(name);
  if (type === undefined || !type.producers.includes(producer)) {
    throw invalid(`the catalog has no type ${name} of producer ${producer}`);
  }
  if (type.audience !== audience) throw invalid(`${name} is for the audience ${type.audience}`);
  check(`${name} payload_json`, type.payload, jsonOf(payload, name));
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OdographError('OUTBOX_MESSAGE_INVALID', { detail: `${name} payload_json: is no JSON`, cause });
  }
}

function invalid(detail: string): OdographError {
  return new OdographError('OUTBOX_MESSAGE_INVALID', { detail });
}
