import { z } from 'zod';
import { duration, integer, oneOf, settingGroup, url } from '@app/common/config';

export const SMTP_TLS_MODES = ['required', 'opportunistic', 'off'] as const;
export type SmtpTlsMode = (typeof SMTP_TLS_MODES)[number];

const SHORTEST_KEY = 32;

/** `ann@example.org` or `Fleet desk <fleet@example.org>`. */
const sender = z.string().transform((text, context) => {
  const [, name = '', bracketed] = /^\s*([^<>]*?)\s*<([^<>]+)>\s*$/.exec(text) ?? [];
  const address = (bracketed ?? text).trim();
  // eslint-disable-next-line no-control-regex
  if (z.email().safeParse(address).success && !/[\u0000-\u001f]/.test(name)) {
    return { name: name.replace(/^"(.*)"$/, '$1'), address };
  }
  context.addIssue({ code: 'custom', message: 'is no address such as Fleet desk <fleet@example.org>' });
  return z.NEVER;
});

/** The mail sender; read where the feature `mail` is on. */
export const mailSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_MAIL_SMTP_URL: url(['smtp', 'smtps']).describe(
    'Of the feature `mail`: the mail server, as `smtps://user:password@smtp.example.org:465` or `smtp://smtp.example.org:587`.',
  ),
  NOTIFICATION_MAIL_SMTP_USER: z
    .string()
    .optional()
    .describe('User at the mail server, where the URL names none.'),
  NOTIFICATION_MAIL_SMTP_PASSWORD: z
    .string()
    .optional()
    .describe('Password of that user, where the URL has none.'),
  NOTIFICATION_MAIL_SMTP_TLS: oneOf(SMTP_TLS_MODES, 'required').describe(
    'STARTTLS of an `smtp://` server: required, where it is offered, or not at all (a relay on this very host).',
  ),
  NOTIFICATION_MAIL_FROM: sender.describe(
    'Of the feature `mail`: the sender, as `Fleet desk <fleet@example.org>`.',
  ),
  NOTIFICATION_MAIL_CONNECTIONS: integer(5, { min: 1, max: 100 }).describe(
    'Connections to the mail server; as many mails are under way at once.',
  ),
  NOTIFICATION_MAIL_RATE: integer(20, { min: 1, max: 10_000 }).describe(
    'Most mails that one instance sends in a second.',
  ),
  NOTIFICATION_MAIL_SEND_TIMEOUT: duration('60s').describe(
    'How long the sending of one mail may take; its lease is twice as long.',
  ),
  NOTIFICATION_MAIL_MAX_ATTEMPTS: integer(20, { min: 1, max: 1000 }).describe(
    'Temporary refusals of a mail before it has failed. An unreachable server is no refusal: that ends with the expiry of the mail.',
  ),
  NOTIFICATION_MAIL_POLL: duration('1s').describe(
    'Rest of an idle sender; a command that comes in wakes it sooner.',
  ),
  NOTIFICATION_MAIL_RETENTION: duration('30d').describe(
    'How long it is kept what became of a mail; afterwards the same command would be sent again.',
  ),
  NOTIFICATION_MAIL_UNSUBSCRIBE_KEY: z
    .string()
    .min(SHORTEST_KEY, `has fewer than ${SHORTEST_KEY} characters`)
    .optional()
    .describe(
      'Key that signs unsubscribe links, the same on all instances. Unset, or without NOTIFICATION_PUBLIC_URL: no such links.',
    ),
});
