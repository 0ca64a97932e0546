import { z } from 'zod';

/** The group of the mail sender that Odograph brings along; a mail service of one's own reads with its own. */
export const MAIL_SENDER_GROUP = 'mail-sender';

export const MAIL_PAYLOAD_MODES = ['template', 'rendered'] as const;
export type MailPayloadMode = (typeof MAIL_PAYLOAD_MODES)[number];

const MAX_ADDRESSES = 100;
const MAX_ATTACHMENTS = 20;
/** RFC 5321 allows no longer path. */
const MAX_ADDRESS_LENGTH = 254;
/** Four bytes a character at most: a key of an index holds 2,704. */
const MAX_ID_LENGTH = 600;
const timestamp = z.string().regex(/^\d{1,15}$/);

/** The fields of a `mail:delivery_commands` entry; all strings on the wire. */
export const mailCommandFieldsSchema = z.object({
  v: z.string(),
  delivery_id: z.string().min(1).max(MAX_ID_LENGTH),
  source: z.string().min(1).max(255),
  payload_mode: z.enum(MAIL_PAYLOAD_MODES),
  idempotency_key: z.string().min(1).max(1100),
  requested_at_ms: timestamp,
  /** After this nobody wants to read it any more: it is not sent. */
  expires_at_ms: timestamp.optional(),
  payload_json: z.string(),
  request_id: z.string().optional(),
  trace_id: z.string().optional(),
  traceparent: z.string().optional(),
});
export type MailCommandFields = z.infer<typeof mailCommandFieldsSchema>;

const addresses = z.array(z.email().max(MAX_ADDRESS_LENGTH)).max(MAX_ADDRESSES);

const envelope = {
  to: addresses.min(1),
  cc: addresses.default([]),
  bcc: addresses.default([]),
  reply_to: addresses.default([]),
  /** Whose mail it is, where it is one user's: who may stop mails of its kind. */
  recipient: z.object({ user_id: z.string().min(1), tenant_id: z.string().min(1) }).optional(),
  attachments: z
    .array(
      z.object({
        filename: z.string().min(1).max(255),
        content_type: z.string().regex(/^[\w.+-]+\/[\w.+-]+(;[^\r\n]*)?$/),
        content_base64: z.base64(),
      }),
    )
    .max(MAX_ATTACHMENTS)
    .default([]),
};

/** `payload_json` of a command whose text the mail service writes: the template is named like the notification type. */
export const templateMailSchema = z.object({
  ...envelope,
  template_id: z.string().min(1),
  locale: z.string().min(1),
  variables: z.record(z.string(), z.unknown()),
});
export type TemplateMail = z.infer<typeof templateMailSchema>;

/** `payload_json` of a command that brings its text along. */
export const renderedMailSchema = z.object({
  ...envelope,
  subject: z.string().min(1).max(998),
  text_body: z.string(),
  html_body: z.string().optional(),
});
export type RenderedMailPayload = z.infer<typeof renderedMailSchema>;
