import { sign, verify } from 'jsonwebtoken';
import { z } from 'zod';

/** Who a client of the push gateway is. */
export interface GatewayClaims {
  readonly userId: string;
  readonly tenantId: string;
  readonly expiresAtMs: number;
}

const ALGORITHM = 'HS256';
/** A longer one is not ours, and is not worth the hashing. */
const MAX_TOKEN_LENGTH = 4096;

const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  tenant: z.string().min(1).max(64),
  exp: z.number().int().positive(),
});

/** A JWT (RFC 7519), HS256, with the claims `sub` (user id), `tenant`, `iat` and `exp`. */
export function issueGatewayToken(
  secret: string,
  { userId, tenantId, ttlMs }: { readonly userId: string; readonly tenantId: string; readonly ttlMs: number },
): string {
  return sign({ tenant: tenantId }, secret, {
    algorithm: ALGORITHM,
    subject: userId,
    expiresIn: Math.ceil(ttlMs / 1000),
  });
}

/** Undefined for what is none of ours: another key or algorithm, expired, without an end, without a claim. */
export function readGatewayToken(secret: string, token: string): GatewayClaims | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const { data } = claimsSchema.safeParse(verified(secret, token));
  return data && { userId: data.sub, tenantId: data.tenant, expiresAtMs: data.exp * 1000 };
}

function verified(secret: string, token: string): unknown {
  try {
    return verify(token, secret, { algorithms: [ALGORITHM] });
  } catch {
    // The library throws for every token that does not hold; which way it does not is nothing to tell a stranger.
    return undefined;
  }
}
