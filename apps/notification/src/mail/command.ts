import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  ACCEPTED_VERSIONS,
  INTENT_CATALOG,
  type MailCommandFields,
  mailCommandFieldsSchema,
  renderedMailSchema,
  templateMailSchema,
} from '@app/common/contracts';

/** A command as it is taken in. */
export interface DeliveryDraft {
  readonly deliveryId: string;
  readonly entryId: string;
  readonly source: string;
  readonly payloadMode: 'template' | 'rendered' | 'unreadable';
  readonly payloadJson: string;
  readonly templateId: string | undefined;
  /** Sent before all that is not. */
  readonly isUrgent: boolean;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly traceparent: string | undefined;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly messageId: string;
  /** What is wrong with a command that cannot be sent; undefined for one that can. */
  readonly mistake: string | undefined;
}

export interface CommandEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Domains of Message-IDs: that of the sender, as relays expect. */
export function messageIdOf(deliveryId: string, domain: string): string {
  return `<${createHash('sha256').update(deliveryId).digest('hex').slice(0, 40)}@${domain}>`;
}

/** Reads a stream entry; one that is no command is kept under a name of its own, and never sent. */
export function draftOf(entry: CommandEntry, domain: string): DeliveryDraft {
  const fields = Object.fromEntries(
    Object.entries(entry.fields).map(([name, value]) => [name, withoutNul(value)]),
  );
  const envelope = mailCommandFieldsSchema.safeParse(fields);
  if (!envelope.success) return unreadable(entry, fields, domain, z.prettifyError(envelope.error));
  const command = envelope.data;
  if (!ACCEPTED_VERSIONS.has(command.v)) return unreadable(entry, fields, domain, `version ${command.v}`);
  const payload = parsePayload(command);
  if (!payload.success) return unreadable(entry, fields, domain, z.prettifyError(payload.error));
  const templateId = 'template_id' in payload.data ? payload.data.template_id : undefined;
  return {
    deliveryId: command.delivery_id,
    entryId: entry.id,
    source: command.source,
    payloadMode: command.payload_mode,
    payloadJson: command.payload_json,
    templateId,
    isUrgent: templateId !== undefined && INTENT_CATALOG.get(templateId)?.lane === 'urgent',
    requestId: command.request_id,
    traceId: command.trace_id,
    traceparent: command.traceparent,
    requestedAtMs: Number(command.requested_at_ms),
    expiresAtMs: command.expires_at_ms === undefined ? undefined : Number(command.expires_at_ms),
    messageId: messageIdOf(command.delivery_id, domain),
    mistake: undefined,
  };
}

function parsePayload({ payload_mode: mode, payload_json: json }: MailCommandFields) {
  const value = parseJson(json);
  return mode === 'template' ? templateMailSchema.safeParse(value) : renderedMailSchema.safeParse(value);
}

function unreadable(
  { id }: CommandEntry,
  fields: Readonly<Record<string, string>>,
  domain: string,
  mistake: string,
): DeliveryDraft {
  const payloadJson = JSON.stringify(fields);
  // Not the id that it may claim: a broken command must not take the place of a good one that comes after it.
  const digest = createHash('sha256').update(payloadJson).digest('hex').slice(0, 16);
  const deliveryId = `entry:${id}:${digest}`;
  return {
    ...{ deliveryId, entryId: id, source: 'unknown', payloadMode: 'unreadable', payloadJson },
    ...{
      templateId: undefined,
      isUrgent: false,
      requestId: undefined,
      traceId: undefined,
      traceparent: undefined,
    },
    requestedAtMs: Number(id.split('-')[0]),
    expiresAtMs: undefined,
    messageId: messageIdOf(deliveryId, domain),
    mistake,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON at all: no schema accepts undefined, so the mistake is named all the same.
    return undefined;
  }
}

/** PostgreSQL's text holds no NUL; it is shown as U+2400, so that the command can be kept. */
const withoutNul = (text: string): string => text.replaceAll('\u0000', '\u2400');
