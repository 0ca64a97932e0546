import { byEventTime } from './folds';
import { type Verdict } from './judge';
import { type ClaimedRoute } from './route';

type Meter = Extract<Verdict, { readonly kind: 'meter' }>;

/** A route that a throttle has to be asked for. */
export interface Metered {
  readonly route: ClaimedRoute;
  readonly verdict: Meter;
}

/** What a recipient has been told one by one of a type, in the window that began then. */
export interface Allowance {
  readonly recipient: string;
  readonly notificationType: string;
  readonly windowStartMs: number;
  readonly used: number;
}

export interface Metering<Of extends Metered> {
  /** With how many were told by then, itself among them. */
  readonly admitted: readonly { readonly metered: Of; readonly used: number }[];
  readonly over: readonly Of[];
  /** Those that have changed. */
  readonly spent: readonly Allowance[];
}

export const allowanceKeyOf = (about: Pick<Allowance, 'recipient' | 'notificationType'>): string =>
  JSON.stringify([about.recipient, about.notificationType]);

/**
 * Lets the first ones of each window through, by event time. A window that began later than the one that is asked for
 * stands: another instance's, or that of a preference which has just changed.
 */
export function meter<Of extends Metered>(
  asking: readonly Of[],
  known: ReadonlyMap<string, Allowance>,
): Metering<Of> {
  const admitted: { metered: Of; used: number }[] = [];
  const over: Of[] = [];
  const spent = new Map<string, Allowance>();
  for (const metered of asking.toSorted((a, b) => byEventTime(a.route, b.route))) {
    const { recipient, notificationType } = metered.route;
    const { limit, windowStartMs } = metered.verdict;
    const key = allowanceKeyOf(metered.route);
    const current = spent.get(key) ?? known.get(key);
    const isOpen = current !== undefined && current.windowStartMs >= windowStartMs;
    const used = isOpen ? current.used : 0;
    if (used >= limit) {
      over.push(metered);
      continue;
    }
    const startMs = isOpen ? current.windowStartMs : windowStartMs;
    spent.set(key, { recipient, notificationType, windowStartMs: startMs, used: used + 1 });
    admitted.push({ metered, used: used + 1 });
  }
  return { admitted, over, spent: [...spent.values()] };
}
