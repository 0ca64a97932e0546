import { crc32 } from 'node:zlib';
import { type IntentType } from '@app/common/contracts';
import { type Fold, foldOf, type FoldReason } from './fold-key';
import { type PreferenceOrigin, type PreferenceRow, wishesOf } from './preferences';
import { type QuietHours, quietUntilMs } from './quiet-hours';
import { type ClaimedRoute } from './route';

/** An event as those that replace one another are ordered: by its own time, then by id. */
export interface EventOrder {
  readonly notificationId: string;
  readonly occurredAtMs: number;
}

/** One notification that a message would tell of. */
export interface Telling extends EventOrder {
  readonly expiresAtMs: number | undefined;
  /** The newest event of its collapse key; undefined where it has no such key. */
  readonly newest: EventOrder | undefined;
}

/** What the tables say about a claimed route, as far as it decides anything. */
export interface Circumstances {
  readonly tenantId: string;
  /** undefined for a type that the catalog does not have any more. */
  readonly type: IntentType | undefined;
  readonly newest: EventOrder | undefined;
  /** open: nothing is said against it; the table need not have it (another directory does, or it is an address). */
  readonly account: 'open' | 'disabled' | 'removed';
  /** Rows that can concern the route, in any order. */
  readonly preferences: readonly PreferenceRow[];
  readonly quietHours: QuietHours | undefined;
  /** Digest, gathering and throttle have let it through. */
  readonly isAdmitted: boolean;
  /** Why it leads a fold; undefined where it does not. */
  readonly leads: FoldReason | undefined;
  /** Those that are folded into it. */
  readonly members: readonly Telling[];
}

export type Settled =
  | {
      readonly kind: 'skip';
      readonly reason: 'preference' | 'recipient_disabled';
      readonly because: PreferenceOrigin | { readonly account: Circumstances['account'] };
    }
  | { readonly kind: 'expire'; readonly reason: 'expired'; readonly expiresAtMs: number }
  | { readonly kind: 'supersede'; readonly reason: 'newer_event'; readonly by: EventOrder };

/** What is to become of a claimed route. */
export type Verdict =
  | { readonly kind: 'publish' }
  | {
      readonly kind: 'defer';
      readonly reason: 'quiet_hours';
      readonly untilMs: number;
      readonly because: QuietHours;
    }
  | { readonly kind: 'fold'; readonly fold: Fold }
  /** Publish while less than the limit were told in the window; what is over it is folded. */
  | {
      readonly kind: 'meter';
      readonly limit: number;
      readonly windowMs: number;
      readonly windowStartMs: number;
      readonly origin: PreferenceOrigin;
      readonly fold: Fold;
    }
  | Settled;

/** Of a recipient's own: all that one person was spared goes out together and in order, and persons after one another. */
const MORNING_JITTER_MS = 60_000;

/**
 * Decides about one route at one attempt. Nothing is remembered: at the next attempt everything is asked again, except
 * what {@link Circumstances.isAdmitted} says.
 *
 * Digest and gathering come before quiet hours: a fold disturbs nobody, and what is put off on its own until the morning
 * would have expired by then, one by one.
 */
export function judge(route: ClaimedRoute, circumstances: Circumstances, nowMs: number): Verdict {
  const { account, type, members, isAdmitted, quietHours } = circumstances;
  const fate = fateOf({ ...route, newest: circumstances.newest }, circumstances, nowMs);
  if (fate !== undefined && !members.some((member) => fateOf(member, circumstances, nowMs) === undefined)) {
    return fate;
  }
  if (type?.audience !== 'admin_email' && account !== 'open') {
    return { kind: 'skip', reason: 'recipient_disabled', because: { account } };
  }
  if (type !== undefined && (type.mandatory || type.lane === 'urgent')) return { kind: 'publish' };
  const wishes = wishesOf(route, circumstances.preferences);
  if (wishes.disabled !== undefined) {
    return { kind: 'skip', reason: 'preference', because: wishes.disabled.origin };
  }
  const about = { ...route, tenantId: circumstances.tenantId };
  if (!isAdmitted && wishes.digest !== undefined) {
    const { windowMs, origin } = wishes.digest;
    return { kind: 'fold', fold: foldOf(about, 'digest', windowOf(nowMs, windowMs), origin) };
  }
  if (!isAdmitted && type !== undefined && type.gatherMs > 0) {
    return { kind: 'fold', fold: foldOf(about, 'gather', { endMs: nowMs + type.gatherMs }) };
  }
  const untilMs = quietHours === undefined ? undefined : wakingMs(quietHours, nowMs, route.recipient);
  if (quietHours !== undefined && untilMs !== undefined) {
    return { kind: 'defer', reason: 'quiet_hours', untilMs, because: quietHours };
  }
  if (isAdmitted || wishes.throttle === undefined) return { kind: 'publish' };
  const { limit, windowMs, origin } = wishes.throttle;
  const window = windowOf(nowMs, windowMs);
  return {
    kind: 'meter',
    limit,
    windowMs,
    windowStartMs: window.startMs,
    origin,
    fold: foldOf(about, 'throttle', window, origin),
  };
}

/**
 * Why a notification is not worth telling any more; undefined where it is. One that a user has wanted to be told of later,
 * in a digest or in what a throttle holds back, does not expire while it waits for that.
 */
export function fateOf(
  telling: Telling,
  { type, leads }: Pick<Circumstances, 'type' | 'leads'>,
  nowMs: number,
): Exclude<Settled, { readonly kind: 'skip' }> | undefined {
  const { occurredAtMs, newest } = telling;
  const expiresAtMs =
    telling.expiresAtMs ?? (type === undefined ? undefined : occurredAtMs + type.expiresAfterMs);
  const mayWait = leads === 'digest' || leads === 'throttle';
  if (!mayWait && expiresAtMs !== undefined && expiresAtMs <= nowMs) {
    return { kind: 'expire', reason: 'expired', expiresAtMs };
  }
  if (newest !== undefined && isBefore(telling, newest)) {
    return { kind: 'supersede', reason: 'newer_event', by: newest };
  }
  return undefined;
}

/** Ids are UUIDs in lower case: their texts are ordered as PostgreSQL orders the ids. */
function isBefore(a: EventOrder, b: EventOrder): boolean {
  if (a.occurredAtMs !== b.occurredAtMs) return a.occurredAtMs < b.occurredAtMs;
  return a.notificationId < b.notificationId;
}

/** Windows are aligned to 1970, so that all instances mean the same one. */
function windowOf(nowMs: number, windowMs: number): { readonly startMs: number; readonly endMs: number } {
  const startMs = Math.floor(nowMs / windowMs) * windowMs;
  return { startMs, endMs: startMs + windowMs };
}

/** The end of the quiet, and a little later, so that a morning is no storm; but not in the next quiet. */
function wakingMs(quietHours: QuietHours, nowMs: number, recipient: string): number | undefined {
  const untilMs = quietUntilMs(quietHours, nowMs);
  if (untilMs === undefined) return undefined;
  const spreadMs = untilMs + (crc32(recipient) % MORNING_JITTER_MS);
  return quietUntilMs(quietHours, spreadMs) === undefined ? spreadMs : untilMs;
}
