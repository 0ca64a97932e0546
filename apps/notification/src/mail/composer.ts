import {
  INTENT_CATALOG,
  type RenderedMailPayload,
  renderedMailSchema,
  type TemplateMail,
  templateMailSchema,
} from '@app/common/contracts';
import { TEMPLATES } from '@app/common/templates';
import { type ClaimedDelivery } from './delivery-store';
import { type UnsubscribeLinks } from './unsubscribe-links';

export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

/** A mail as nodemailer takes it. */
export interface ComposedMail {
  readonly envelope: { readonly from: string; readonly to: string[] };
  readonly from: MailAddress;
  readonly to: string[];
  readonly cc: string[];
  readonly bcc: string[];
  readonly replyTo: string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly messageId: string;
  readonly date: Date;
  readonly priority: 'high' | 'normal';
  readonly headers: Record<string, string>;
  readonly attachments: { filename: string; contentType: string; content: Buffer }[];
}

interface Body {
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

/** Writes mails of commands. The same command gives the same mail at every attempt. */
export class Composer {
  constructor(
    private readonly from: MailAddress,
    private readonly links: UnsubscribeLinks | undefined,
  ) {}

  /** @throws OdographError TEMPLATE_INVALID, NOT_FOUND; ZodError: the command is for no mail, and never will be. */
  compose(delivery: ClaimedDelivery): ComposedMail {
    const { payload, body, unsubscribeUrl } = this.read(delivery);
    const { to, cc, bcc } = payload;
    return {
      envelope: { from: this.from.address, to: [...new Set([...to, ...cc, ...bcc])] },
      from: this.from,
      ...{ to, cc, bcc, replyTo: payload.reply_to },
      ...body,
      messageId: delivery.messageId,
      date: new Date(delivery.requestedAtMs),
      priority: delivery.isUrgent ? 'high' : 'normal',
      headers: {
        // RFC 3834: no out-of-office answers to what nobody reads.
        'Auto-Submitted': 'auto-generated',
        ...(unsubscribeUrl === undefined
          ? {}
          : {
              'List-Unsubscribe': `<${unsubscribeUrl}>`,
              'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
            }),
      },
      attachments: payload.attachments.map((attachment) => ({
        filename: attachment.filename,
        contentType: attachment.content_type,
        content: Buffer.from(attachment.content_base64, 'base64'),
      })),
    };
  }

  private read({ payloadMode, payloadJson }: ClaimedDelivery): {
    payload: RenderedMailPayload | TemplateMail;
    body: Body;
    unsubscribeUrl?: string;
  } {
    if (payloadMode === 'rendered') {
      const payload = renderedMailSchema.parse(JSON.parse(payloadJson));
      const { subject, text_body: text, html_body: html } = payload;
      return { payload, body: { subject, text, ...(html === undefined ? {} : { html }) } };
    }
    const payload = templateMailSchema.parse(JSON.parse(payloadJson));
    const unsubscribeUrl = this.unsubscribeUrl(payload);
    const options = unsubscribeUrl === undefined ? {} : { unsubscribeUrl };
    const { subject, text, html } = TEMPLATES.render(
      payload.template_id,
      payload.locale,
      payload.variables,
      options,
    );
    return { payload, body: { subject, text, html }, ...options };
  }

  /** For a mail of one user that this user may stop. */
  private unsubscribeUrl({ recipient, template_id: type, locale, to }: TemplateMail): string | undefined {
    const known = INTENT_CATALOG.get(type);
    if (recipient === undefined || to.length !== 1 || known === undefined || known.mandatory)
      return undefined;
    return this.links?.urlOf({ tenantId: recipient.tenant_id, userId: recipient.user_id, type }, locale);
  }
}
