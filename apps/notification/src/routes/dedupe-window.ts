import { type Channel, type IntentType } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { longestLadderMs } from './ladder';

const LEAST_WINDOW_MS = 24 * 3_600_000;

export interface RouteLife {
  readonly types: Iterable<IntentType>;
  readonly maxAttempts: Readonly<Record<Channel, number>>;
  readonly leaseMs: number;
}

/**
 * How long one id may be published under: no attempt is made after the expiry of a type's events, and a route without
 * expiry ends with its attempts, each of which holds its lease at the longest.
 */
export function longestRouteLifeMs({ types, maxAttempts, leaseMs }: RouteLife): number {
  const expiriesMs = [...types].map(({ expiresAfterMs }) => expiresAfterMs);
  const attemptsMs = Object.values(maxAttempts).map(
    (attempts) => longestLadderMs(attempts) + attempts * leaseMs,
  );
  return Math.max(...expiriesMs, ...attemptsMs);
}

/** @throws OdographError CONFIG_INVALID where a target stream would forget a route that can still be published. */
export function checkDedupeWindow(windowMs: number, life: RouteLife): void {
  const leastMs = Math.max(LEAST_WINDOW_MS, longestRouteLifeMs(life));
  if (windowMs >= leastMs) return;
  throw new OdographError('CONFIG_INVALID', {
    detail: `NOTIFICATION_DEDUPE_WINDOW is ${windowMs / 1000} s, but a route can be published for ${leastMs / 1000} s`,
  });
}
