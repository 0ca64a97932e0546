import { type RawData } from 'ws';
import { z } from 'zod';
import { cursorSchema, fullCursor } from './upgrade-request';

const MAX_SEEN = 200;

const messageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('resume'),
    since: cursorSchema.transform(fullCursor),
    /** Event ids that the client got last: they may come again behind the cursor after Redis lost them. */
    seen: z.array(z.string().min(1).max(512)).max(MAX_SEEN).default([]),
  }),
  /** A newer token of the same user, before the old one ends. */
  z.strictObject({ type: z.literal('token'), token: z.string() }),
]);
export type ClientMessage = z.infer<typeof messageSchema>;

/** Undefined for what is no message. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  return messageSchema.safeParse(parsed(text)).data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No message reads as undefined.
    return undefined;
  }
}

/** What came in one message, as text. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8');
}

/** What the gateway says beside events. Cursors are entry ids; times are milliseconds since 1970. */
export type GatewayMessage =
  /** The first message. Without `since` events come from this cursor on. */
  | { readonly type: 'welcome'; readonly cursor: string; readonly ping_interval_ms: number }
  /** Events behind the client's cursor are gone; those that are still there begin at `cursor`. */
  | { readonly type: 'reset'; readonly cursor: string; readonly at_ms: number }
  /** All that was missed has been sent; what follows is new. */
  | { readonly type: 'resumed'; readonly cursor: string }
  | { readonly type: 'token_accepted'; readonly expires_at_ms: number };

/** Close codes of our own (4000 to 4999, RFC 6455 section 7.4.2), beside the standard ones. */
export const CLOSE = {
  goingAway: 1001,
  tryAgain: 1013,
  policy: 1008,
  tokenExpired: 4001,
  tooSlow: 4008,
} as const;
