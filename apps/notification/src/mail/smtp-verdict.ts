import { z } from 'zod';
import { describeError } from '@app/common/errors';
import { type SmtpAnswer } from './delivery-store';

/** A recipient that the server did not take. */
export interface RefusedRecipient extends SmtpAnswer {
  readonly address: string;
  /** It would be refused again. */
  readonly isPermanent: boolean;
  /** There is no such mailbox, so that nothing is to be sent there any more. */
  readonly isDead: boolean;
}

/** What a server made of one attempt. */
export type SmtpVerdict =
  | {
      readonly kind: 'answered';
      readonly answer: SmtpAnswer;
      readonly accepted: readonly string[];
      readonly refused: readonly RefusedRecipient[];
    }
  /** The server refuses the mail itself for good. */
  | { readonly kind: 'permanent'; readonly answer: SmtpAnswer }
  /** The server wants to be asked again later. */
  | { readonly kind: 'temporary'; readonly answer: SmtpAnswer }
  /** Nobody answered, or not as an open mail server does: no fault of the mail. Whether it went out is not known. */
  | { readonly kind: 'outage'; readonly answer: SmtpAnswer };

const refusalSchema = z.object({
  recipient: z.string(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  message: z.string().default(''),
});
const failureSchema = z.object({
  code: z.string().optional(),
  command: z.string().optional(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  rejectedErrors: z.array(refusalSchema).optional(),
});

/** Codes by which a server says that we did not log in as it wants: our settings, and no fault of the mail. */
const AUTHENTICATION_CODES: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** Commands whose answers are about the mail. All others make the session: a 5xx to STARTTLS is no word on any mail. */
const MAIL_COMMANDS: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);
/** What the library refuses of a mail before it asks any server. */
const MESSAGE_FAULTS: ReadonlySet<string> = new Set(['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS']);
/** Codes without an enhanced one that say that there is no such mailbox (RFC 5321, 4.2.3). */
const DEAD_CODES: ReadonlySet<number> = new Set([550, 551, 553]);
/**
 * Enhanced codes (RFC 3463) that say the same: a bad mailbox, bad syntax, moved without a new address, and disabled. Those
 * of class 5.7 are policy: a relay that is set up wrongly answers 550 5.7.1 to every address that there is.
 */
const DEAD_ENHANCED = /\b5\.(1\.[01236]|1\.10|2\.1)\b/;
const ENHANCED = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/;

export function verdictOnSuccess(
  accepted: readonly string[],
  rejectedErrors: unknown,
  response: string,
): SmtpVerdict {
  const refused = z.array(refusalSchema).safeParse(rejectedErrors ?? []);
  return {
    kind: 'answered',
    answer: { code: codeOf(response), text: response },
    accepted,
    refused: (refused.success ? refused.data : []).map(refusedOf),
  };
}

export function verdictOnFailure(error: unknown): SmtpVerdict {
  const parsed = failureSchema.safeParse(error);
  const { code, command, responseCode, response, rejectedErrors = [] } = parsed.success ? parsed.data : {};
  const answer: SmtpAnswer = { code: responseCode, text: response ?? describeError(error) };
  if (command === 'RCPT TO' && rejectedErrors.length > 0) {
    return { kind: 'answered', answer, accepted: [], refused: rejectedErrors.map(refusedOf) };
  }
  const isOfSession = !MAIL_COMMANDS.has(command ?? '') || AUTHENTICATION_CODES.has(responseCode ?? 0);
  if (responseCode === undefined && MESSAGE_FAULTS.has(code ?? '')) return { kind: 'permanent', answer };
  if (responseCode === undefined || isOfSession) return { kind: 'outage', answer };
  // 503: the session was out of step, which a new one is not.
  const isPermanent = responseCode >= 500 && responseCode !== 503;
  return { kind: isPermanent ? 'permanent' : 'temporary', answer };
}

function refusedOf({
  recipient,
  responseCode,
  response,
  message,
}: z.infer<typeof refusalSchema>): RefusedRecipient {
  const text = response ?? message;
  const isPermanent = responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
  return {
    address: recipient,
    code: responseCode,
    text,
    isPermanent,
    isDead: isPermanent && saysDead(responseCode, text),
  };
}

function saysDead(code: number, text: string): boolean {
  const [, enhanced] = ENHANCED.exec(text) ?? [];
  return enhanced === undefined ? DEAD_CODES.has(code) : DEAD_ENHANCED.test(enhanced);
}

function codeOf(response: string): number | undefined {
  const code = Number(response.slice(0, 3));
  return Number.isInteger(code) && code > 0 ? code : undefined;
}
