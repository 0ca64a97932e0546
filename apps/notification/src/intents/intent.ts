import { z } from 'zod';
import {
  ACCEPTED_VERSIONS,
  canonicalJson,
  INTENT_CATALOG,
  intentFieldsSchema,
  intentFingerprint,
  type IntentFields,
  type IntentType,
  notificationId,
  recipientUserIdsSchema,
} from '@app/common/contracts';
import { newTraceparent } from '@app/common/observability';

/** An intent that fits its envelope, its catalog line and its payload schema. */
export interface Intent {
  readonly notificationId: string;
  /** Of the outbox message; what proves that none was lost goes by it. */
  readonly eventId: string;
  readonly type: IntentType;
  readonly tenantId: string;
  readonly producer: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  /** Sorted and distinct; none where administrators are meant. */
  readonly recipientUserIds: readonly string[];
  readonly subject: string;
  /** As the type's schema has it. */
  readonly payload: unknown;
  readonly payloadJson: string;
  readonly occurredAtMs: number;
  /** What the intent says, else what its type says. */
  readonly expiresAtMs: number;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly traceparent: string;
}

export const MALFORMED_CODES = [
  'envelope_invalid',
  'version_unknown',
  'type_unknown',
  'producer_not_allowed',
  'audience_mismatch',
  'recipients_invalid',
  'payload_invalid',
  'recipient_not_found',
  'idempotency_conflict',
  'record_rejected',
] as const;
export type MalformedCode = (typeof MALFORMED_CODES)[number];

/** Why an entry is no intent. */
export interface Malformed {
  readonly code: MalformedCode;
  readonly message: string;
}

export type ParsedIntent =
  | { readonly kind: 'intent'; readonly intent: Intent }
  | { readonly kind: 'malformed'; readonly reason: Malformed };

/** Validates the fields of a stream entry against envelope, catalog and payload schema. */
export function parseIntent(fields: Readonly<Record<string, string>>): ParsedIntent {
  const envelope = intentFieldsSchema.safeParse(fields);
  if (!envelope.success) return malformed('envelope_invalid', issuesOf(envelope.error));
  const data = envelope.data;
  if (!ACCEPTED_VERSIONS.has(data.v)) return malformed('version_unknown', `version ${data.v}`);
  const type = INTENT_CATALOG.get(data.notification_type);
  if (type === undefined) return malformed('type_unknown', data.notification_type);
  if (!type.producers.includes(data.producer)) return malformed('producer_not_allowed', data.producer);
  if (data.audience_kind !== type.audience) return malformed('audience_mismatch', data.audience_kind);
  const recipients = recipientsOf(data);
  if ('code' in recipients) return { kind: 'malformed', reason: recipients };
  const payload = type.payload.safeParse(parseJson(data.payload_json));
  if (!payload.success) return malformed('payload_invalid', issuesOf(payload.error));
  return { kind: 'intent', intent: intentOf(data, type, recipients.userIds, payload.data) };
}

function recipientsOf(fields: IntentFields): { readonly userIds: readonly string[] } | Malformed {
  const text = fields.recipient_user_ids_json;
  if (fields.audience_kind === 'admin_email') {
    return text === undefined
      ? { userIds: [] }
      : {
          code: 'recipients_invalid',
          message: 'who the administrators are is a matter of the configuration',
        };
  }
  const list = recipientUserIdsSchema.safeParse(parseJson(text ?? ''));
  return list.success
    ? { userIds: [...new Set(list.data)].sort() }
    : { code: 'recipients_invalid', message: issuesOf(list.error) };
}

function intentOf(
  fields: IntentFields,
  type: IntentType,
  recipientUserIds: readonly string[],
  payload: unknown,
): Intent {
  const occurredAtMs = Number(fields.occurred_at_ms);
  return {
    notificationId: notificationId(fields.producer, fields.idempotency_key),
    eventId: fields.event_id,
    type,
    tenantId: fields.tenant_id,
    producer: fields.producer,
    idempotencyKey: fields.idempotency_key,
    fingerprint: intentFingerprint(fields, recipientUserIds, payload),
    recipientUserIds,
    subject: fields.subject,
    payload,
    payloadJson: canonicalJson(payload),
    occurredAtMs,
    expiresAtMs: Number(fields.expires_at_ms ?? occurredAtMs + type.expiresAfterMs),
    requestId: fields.request_id,
    traceId: fields.trace_id,
    traceparent: fields.traceparent ?? newTraceparent(),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all: no schema accepts undefined, so the caller names the field that is wrong.
    return undefined;
  }
}

function malformed(code: MalformedCode, message: string): ParsedIntent {
  return { kind: 'malformed', reason: { code, message } };
}

const MAX_MESSAGE_LENGTH = 1000;

function issuesOf(error: z.ZodError): string {
  const text = error.issues.map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`).join('; ');
  return text.slice(0, MAX_MESSAGE_LENGTH);
}
