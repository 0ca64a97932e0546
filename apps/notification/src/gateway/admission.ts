import { type GatewaySettings } from './gateway.config';
import { RateLimit } from './rate-limit';

/** Why a client is not let in, with the HTTP status that says so. */
export const REFUSALS = {
  origin: 403,
  unauthorized: 401,
  malformed: 400,
  user_limit: 429,
  rate: 429,
  full: 503,
  draining: 503,
} as const;
export type Refusal = keyof typeof REFUSALS;

type Limits = Pick<
  GatewaySettings,
  | 'NOTIFICATION_GATEWAY_MAX_CONNECTIONS'
  | 'NOTIFICATION_GATEWAY_MAX_CONNECTIONS_PER_USER'
  | 'NOTIFICATION_GATEWAY_UPGRADES_PER_SECOND'
>;

/** A user's client that is cut off at once must not come back as fast as it can. */
const UPGRADES_PER_USER_PER_SECOND = 1;
const UPGRADE_BURST_PER_USER = 20;
const MAX_USERS_REMEMBERED = 20_000;

/** How many connections there are and how fast new ones come, in all and by user. */
export class Admission {
  private readonly rate: RateLimit;
  private readonly userRates = new Map<string, RateLimit>();
  private readonly counts = new Map<string, number>();
  private total = 0;

  constructor(private readonly limits: Limits) {
    this.rate = new RateLimit(limits.NOTIFICATION_GATEWAY_UPGRADES_PER_SECOND);
  }

  /** Of a user whose token holds: strangers must not use up what is there for users. */
  refusalOf(userId: string): Refusal | undefined {
    if (this.total >= this.limits.NOTIFICATION_GATEWAY_MAX_CONNECTIONS) return 'full';
    const count = this.counts.get(userId) ?? 0;
    if (count >= this.limits.NOTIFICATION_GATEWAY_MAX_CONNECTIONS_PER_USER) return 'user_limit';
    return this.rateOf(userId).take() && this.rate.take() ? undefined : 'rate';
  }

  enter(userId: string): void {
    this.total += 1;
    this.counts.set(userId, (this.counts.get(userId) ?? 0) + 1);
  }

  leave(userId: string): void {
    this.total -= 1;
    const left = (this.counts.get(userId) ?? 1) - 1;
    if (left > 0) this.counts.set(userId, left);
    else this.counts.delete(userId);
  }

  private rateOf(userId: string): RateLimit {
    const known = this.userRates.get(userId);
    // The user that was heard of last is the last to be forgotten.
    this.userRates.delete(userId);
    const rate = known ?? new RateLimit(UPGRADES_PER_USER_PER_SECOND, UPGRADE_BURST_PER_USER);
    this.userRates.set(userId, rate);
    if (this.userRates.size > MAX_USERS_REMEMBERED) {
      const [oldest] = this.userRates.keys();
      if (oldest !== undefined) this.userRates.delete(oldest);
    }
    return rate;
  }
}
