import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { intentMessageId, notificationId, OPERATOR_PRODUCER, partOf } from '@app/common/contracts';
import { statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { newTraceparent, traceIdOf } from '@app/common/observability';
import { append, intentMessage } from '@app/common/outbox';
import { checkArguments, fileText, type Change, type Invocation } from '../cli';
import { liveUser, usersAreHere } from '../user';
import { sendSchema, type SendWish } from './intent.schema';
import { checkIntent } from './problems';
import isKnownStatement from './sql/is-known.sql';

const IS_KNOWN = statement('intent_is_known', isKnownStatement);

/** Clocks differ by so much; an event further ahead has not happened. */
const FUTURE_MS = 60_000;
/** What an intent is about that names no device. */
const NO_DEVICE = 'deployment';

const payloadSchema = z.looseObject({ imei: z.string().optional() });

/** An intent of the operator's, as the outbox takes it. */
export interface SentIntent {
  readonly notification_id: string;
  readonly event_id: string;
  readonly notification_type: string;
  readonly idempotency_key: string;
  readonly subject: string;
  readonly recipients: readonly string[];
  readonly occurred_at: string;
  readonly expires_at: string;
}

interface Prepared extends SentIntent {
  readonly fields: Parameters<typeof intentMessage>[1];
  readonly traceparent: string;
}

/** `odo intent send`: through the outbox, as every intent of ours, so that it is written down before it is told. */
export async function send(invocation: Invocation, type: string | undefined): Promise<void> {
  const wish = checkArguments(sendSchema, { type }, invocation.options);
  const prepared = prepare(wish, await fileText(invocation, wish.payload), Date.now());
  const areUsersHere = usersAreHere(invocation.environment);
  const [change] = await invocation.edit(
    'intent.send',
    async (transaction) => [await appendIntent(transaction, prepared, wish.tenant, areUsersHere)],
    { dryRun: wish.dry_run },
  );
  const sent = change?.after ?? undefined;
  if (sent === undefined) throw new Error('an intent was appended and not returned');
  const whom = wish.to.length === 0 ? 'the administrators' : sent.recipients.join(', ');
  invocation.answer({ ...sent, dry_run: wish.dry_run }, () =>
    wish.dry_run
      ? `notification ${sent.notification_id} for ${whom} would be sent (dry run: nothing was done)\n`
      : `notification ${sent.notification_id} for ${whom}: sent\n`,
  );
}

/** @throws OdographError INPUT_INVALID naming everything that the intake would not accept. */
function prepare(wish: SendWish, text: string, nowMs: number): Prepared {
  const { type, to, tenant } = wish;
  const payload = payloadOf(text);
  const occurredAtMs = wish.occurred_at?.getTime() ?? nowMs;
  const expiresAtMs = occurredAtMs + type.expiresAfterMs;
  const key = wish.key ?? `operator:${randomUUID()}`;
  const id = notificationId(OPERATOR_PRODUCER, key);
  const traceparent = newTraceparent();
  checkTime({ occurredAtMs, expiresAtMs, nowMs });
  if (type.audience === 'user' && to.length === 0) refuse('--to is missing: the type is for users');
  if (type.audience === 'admin_email' && to.length > 0) {
    refuse('--to is not for this type: its administrators are named in the configuration');
  }
  const recipients = [...new Set(to)].sort();
  const subject = wish.subject ?? payload.imei ?? NO_DEVICE;
  const fields = {
    notification_type: type.name,
    producer: OPERATOR_PRODUCER,
    audience_kind: type.audience,
    ...(type.audience === 'user' ? { recipient_user_ids_json: JSON.stringify(recipients) } : {}),
    idempotency_key: key,
    subject,
    tenant_id: tenant,
    occurred_at_ms: String(occurredAtMs),
    expires_at_ms: String(expiresAtMs),
    payload_json: JSON.stringify(withEventId(type.name, payload, id)),
    trace_id: traceIdOf(traceparent),
  };
  const { problems } = checkIntent(fields);
  if (problems.length > 0) refuse(problems.map(({ field, message }) => `${field} ${message}`).join('; '));
  return {
    ...{
      notification_id: id,
      event_id: intentMessageId(OPERATOR_PRODUCER, key),
      notification_type: type.name,
    },
    ...{ idempotency_key: key, subject, recipients, fields, traceparent },
    occurred_at: new Date(occurredAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
  };
}

function checkTime({
  occurredAtMs,
  expiresAtMs,
  nowMs,
}: Readonly<Record<'occurredAtMs' | 'expiresAtMs' | 'nowMs', number>>): void {
  if (occurredAtMs > nowMs + FUTURE_MS) refuse('--occurred-at is in the future');
  if (expiresAtMs <= nowMs) {
    refuse(`--occurred-at is too long ago: it expired at ${new Date(expiresAtMs).toISOString()}`);
  }
}

async function appendIntent(
  transaction: Transaction,
  { fields, traceparent, ...sent }: Prepared,
  tenantId: string,
  areUsersHere: boolean,
): Promise<Change<SentIntent>> {
  const [known] = await transaction.query<{ state: string }>(IS_KNOWN, [
    ...[sent.notification_id, sent.event_id, partOf(sent.subject)],
  ]);
  if (known !== undefined) {
    const detail = `key ${sent.idempotency_key}: notification ${sent.notification_id} is ${known.state}`;
    throw new OdographError('ALREADY_EXISTS', { detail });
  }
  if (areUsersHere) for (const user_id of sent.recipients) await liveUser(transaction, { user_id }, tenantId);
  const head = { key: sent.subject, eventId: sent.event_id, tenantId, traceparent };
  await append(transaction, intentMessage(head, fields));
  const subject = `notification:${sent.notification_id}`;
  return { outcome: 'added', tenantId, subject, before: null, after: sent };
}

function payloadOf(text: string): z.infer<typeof payloadSchema> {
  try {
    return payloadSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: '--payload is no JSON object', cause });
  }
}

/** A vehicle's notification tells of an event; of one that an operator thought of, the id is that of the notification. */
function withEventId(type: string, payload: object, id: string): object {
  return type.startsWith('vehicle.') ? { event_id: id, ...payload } : payload;
}

function refuse(detail: string): never {
  throw new OdographError('INPUT_INVALID', { detail });
}
