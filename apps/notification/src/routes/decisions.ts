import { type Fold } from './fold-key';
import { type LeftOut } from './folds';
import { type Settled, type Verdict } from './judge';
import { type PreferenceOrigin } from './preferences';
import { type QuietHours } from './quiet-hours';
import { type ClaimedRoute } from './route';

/** A row of `notification.route_decision`: why a route was not simply published. */
export interface Decision {
  readonly routeId: string;
  /** Of which attempt. */
  readonly attempt: number;
  readonly decision: 'deferred' | 'folded' | 'admitted' | 'skipped' | 'superseded' | 'expired';
  readonly reason: string;
  /** Which row, which quiet hours, which event has decided; times in ms since 1970. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The state that a verdict without publishing leads to; the decision is named like it. */
export const STATE_OF = { skip: 'skipped', expire: 'expired', supersede: 'superseded' } as const;

const about = ({ routeId, attempts }: { readonly routeId: string; readonly attempts: number }) => ({
  routeId,
  attempt: attempts,
});

const preferenceDetail = (origin: PreferenceOrigin | undefined) =>
  origin === undefined
    ? {}
    : {
        preference: {
          user_id: origin.userId,
          notification_type: origin.notificationType,
          channel: origin.channel,
        },
      };

export function settledDecision(
  route: { readonly routeId: string; readonly attempts: number },
  settled: Settled,
): Decision {
  return {
    ...about(route),
    decision: STATE_OF[settled.kind],
    reason: settled.reason,
    detail: settledDetail(settled),
  };
}

function settledDetail(settled: Settled): Readonly<Record<string, unknown>> {
  if (settled.kind === 'expire') return { expires_at_ms: settled.expiresAtMs };
  if (settled.kind === 'supersede') {
    return { notification_id: settled.by.notificationId, occurred_at_ms: settled.by.occurredAtMs };
  }
  return 'account' in settled.because ? settled.because : preferenceDetail(settled.because);
}

export const leftOutDecision = ({ event, lead, fate }: LeftOut): Decision => {
  const decision = settledDecision(event, fate);
  return { ...decision, detail: { ...decision.detail, left_out_of: lead.routeId } };
};

export const deferredDecision = (
  route: ClaimedRoute,
  { untilMs, because, reason }: Extract<Verdict, { readonly kind: 'defer' }>,
): Decision => ({
  ...about(route),
  ...{ decision: 'deferred', reason },
  detail: { until_ms: untilMs, quiet_hours: quietHoursDetail(because) },
});

const quietHoursDetail = ({ startsAtMs, endsAtMs, timezone, weekdays }: QuietHours) => ({
  starts_at: clockText(startsAtMs),
  ends_at: clockText(endsAtMs),
  timezone,
  weekdays,
});

const MINUTE_MS = 60_000;

function clockText(sinceMidnightMs: number): string {
  const minutes = Math.floor(sinceMidnightMs / MINUTE_MS);
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** @param leadId undefined for the one that leads. */
export const foldedDecision = (route: ClaimedRoute, fold: Fold, leadId: string | undefined): Decision => ({
  ...about(route),
  ...{ decision: 'folded', reason: fold.reason },
  detail: {
    fold_key: fold.key,
    ...(leadId === undefined ? { due_ms: fold.dueMs } : { folded_into: leadId }),
    ...preferenceDetail(fold.origin),
  },
});

export const admittedDecision = (
  route: ClaimedRoute,
  { limit, windowMs, windowStartMs, origin }: Extract<Verdict, { readonly kind: 'meter' }>,
  used: number,
): Decision => ({
  ...about(route),
  ...{ decision: 'admitted', reason: 'throttle' },
  detail: {
    ...{ limit, used, window_ms: windowMs, window_start_ms: windowStartMs },
    ...preferenceDetail(origin),
  },
});
