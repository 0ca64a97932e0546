import { type IncomingMessage } from 'node:http';
import { z } from 'zod';

/** The WebSocket subprotocol that clients offer and that is chosen. */
export const SUBPROTOCOL = 'odograph.v1';
/** Browsers cannot set headers: they offer the token as a second subprotocol, which is never chosen. */
const TOKEN_PROTOCOL = 'bearer.';

export const cursorSchema = z.string().regex(/^\d{1,16}(-\d{1,20})?$/);
export const sessionIdSchema = z.string().min(1).max(256);

export interface UpgradeQuestion {
  readonly since: string | undefined;
  readonly deviceSessionId: string | undefined;
}

/** The token of `Authorization: Bearer …`, or of the subprotocols; never one of the URL, which ends up in logs. */
export function tokenOf(request: IncomingMessage): string | undefined {
  const [, bearer] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return (
    bearer ??
    protocolsOf(request)
      .find((name) => name.startsWith(TOKEN_PROTOCOL))
      ?.slice(TOKEN_PROTOCOL.length)
  );
}

function protocolsOf({ headers }: IncomingMessage): readonly string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}

/** Undefined where what is asked is none of what can be asked. */
export function questionOf({ searchParams }: URL): UpgradeQuestion | undefined {
  const since = cursorSchema.optional().safeParse(searchParams.get('since') ?? undefined);
  const session = sessionIdSchema.optional().safeParse(searchParams.get('device_session_id') ?? undefined);
  if (!since.success || !session.success) return undefined;
  return { since: since.data && fullCursor(since.data), deviceSessionId: session.data };
}

/** Redis leaves the sequence away where it is 0; so may clients. */
export const fullCursor = (cursor: string): string => (cursor.includes('-') ? cursor : `${cursor}-0`);
