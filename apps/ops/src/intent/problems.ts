import { z } from 'zod';
import {
  ACCEPTED_VERSIONS,
  INTENT_CATALOG,
  intentFieldsSchema,
  intentFingerprint,
  notificationId,
  recipientUserIdsSchema,
  type IntentType,
} from '@app/common/contracts';

/** One thing for which the intake would not accept an intent, under the code that it would be recorded with. */
export interface IntentProblem {
  readonly code:
    | 'no_object'
    | 'envelope_invalid'
    | 'version_unknown'
    | 'type_unknown'
    | 'producer_not_allowed'
    | 'audience_mismatch'
    | 'recipients_invalid'
    | 'payload_invalid'
    | 'idempotency_conflict';
  /** Of the stream entry; of a payload with the path inside it. */
  readonly field: string;
  readonly message: string;
}

/** What an intent would be known by, and what makes another of its key the same one. */
export interface IntentIdentity {
  readonly notificationId: string;
  readonly fingerprint: string;
}

export interface CheckedIntent {
  readonly type: string | undefined;
  readonly problems: readonly IntentProblem[];
  /** Undefined where there are problems. */
  readonly identity: IntentIdentity | undefined;
}

const entrySchema = intentFieldsSchema;
/** Without what the relay adds: as a producer hands it to the outbox. */
const draftSchema = intentFieldsSchema.partial({ v: true, event_id: true });
type DraftFields = z.infer<typeof draftSchema>;

const objectSchema = z.record(z.string(), z.unknown());
const typeNameSchema = z.looseObject({ notification_type: z.string() });

/** Everything that is wrong with the fields of an intent, not only the first: as its producer would want to be told. */
export function checkIntent(value: unknown): CheckedIntent {
  const fields = objectSchema.safeParse(value);
  if (!fields.success) {
    return refused(undefined, [{ code: 'no_object', field: '', message: 'is no JSON object of fields' }]);
  }
  const type = typeNameSchema.safeParse(fields.data).data?.notification_type;
  const isEntry = 'v' in fields.data || 'event_id' in fields.data;
  const envelope = (isEntry ? entrySchema : draftSchema).safeParse(fields.data);
  if (!envelope.success) return refused(type, issuesOf('envelope_invalid', envelope.error));
  const problems = [...versionProblems(envelope.data), ...catalogProblems(envelope.data)];
  if (problems.length > 0) return refused(type, problems);
  const { producer, idempotency_key: key } = envelope.data;
  const identity = {
    notificationId: notificationId(producer, key),
    fingerprint: fingerprintOf(envelope.data),
  };
  return { type, problems: [], identity };
}

function refused(type: string | undefined, problems: readonly IntentProblem[]): CheckedIntent {
  return { type, problems, identity: undefined };
}

function versionProblems({ v }: DraftFields): IntentProblem[] {
  if (v === undefined || ACCEPTED_VERSIONS.has(v)) return [];
  const known = [...ACCEPTED_VERSIONS].join(', ');
  return [{ code: 'version_unknown', field: 'v', message: `is none of ${known}` }];
}

function catalogProblems(fields: DraftFields): IntentProblem[] {
  const type = INTENT_CATALOG.get(fields.notification_type);
  if (type === undefined) {
    const known = [...INTENT_CATALOG.keys()].join(', ');
    return [{ code: 'type_unknown', field: 'notification_type', message: `is none of ${known}` }];
  }
  const problems: IntentProblem[] = [];
  if (!type.producers.includes(fields.producer)) {
    const message = `may not produce ${type.type}: only ${type.producers.join(', ')}`;
    problems.push({ code: 'producer_not_allowed', field: 'producer', message });
  }
  if (fields.audience_kind !== type.audience) {
    const message = `has to be ${type.audience} for ${type.type}`;
    problems.push({ code: 'audience_mismatch', field: 'audience_kind', message });
  }
  return [...problems, ...recipientProblems(type, fields), ...payloadProblems(type, fields)];
}

function recipientProblems(
  type: IntentType,
  { recipient_user_ids_json: text }: DraftFields,
): IntentProblem[] {
  const field = 'recipient_user_ids_json';
  if (type.audience === 'admin_email') {
    if (text === undefined) return [];
    const message = 'is not for administrators: they are a matter of the configuration';
    return [{ code: 'recipients_invalid', field, message }];
  }
  const list = recipientUserIdsSchema.safeParse(jsonOf(text ?? ''));
  return list.success ? [] : issuesOf('recipients_invalid', list.error, field);
}

function payloadProblems(type: IntentType, { payload_json: text }: DraftFields): IntentProblem[] {
  const payload = type.payload.safeParse(jsonOf(text));
  return payload.success ? [] : issuesOf('payload_invalid', payload.error, 'payload_json');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON at all: no schema takes undefined, so that the field is named.
    return undefined;
  }
}

function issuesOf(code: IntentProblem['code'], error: z.ZodError, under?: string): IntentProblem[] {
  return error.issues.map(({ path, message }) => ({
    code,
    field: [...(under === undefined ? [] : [under]), ...path].join('.'),
    message,
  }));
}

function fingerprintOf(fields: DraftFields): string {
  const recipients = recipientUserIdsSchema.safeParse(jsonOf(fields.recipient_user_ids_json ?? ''));
  return intentFingerprint(fields, recipients.data ?? [], jsonOf(fields.payload_json));
}
