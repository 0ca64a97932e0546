import { type Channel } from '@app/common/contracts';

const EVERY = '*';

/** A row of `notification.preference`; a wish that it says nothing about is null. `*` stands for every one. */
export interface PreferenceRow {
  readonly userId: string;
  readonly notificationType: string;
  readonly channel: Channel | typeof EVERY;
  readonly enabled: boolean | null;
  /** 0: at once. */
  readonly digestWindowS: number | null;
  readonly throttleLimit: number | null;
  /** 0: without limit. */
  readonly throttleWindowS: number | null;
}

/** Which row has said it. */
export type PreferenceOrigin = Pick<PreferenceRow, 'userId' | 'notificationType' | 'channel'>;

/** A wish and who said it. */
export type Wish<Value> = Value & { readonly origin: PreferenceOrigin };

/** What one recipient wants of one type on one channel. Undefined where nobody has said anything, or has said no. */
export interface Wishes {
  readonly disabled: Wish<object> | undefined;
  readonly digest: Wish<{ readonly windowMs: number }> | undefined;
  readonly throttle: Wish<{ readonly limit: number; readonly windowMs: number }> | undefined;
}

/** Whom and what the wishes are of. */
export interface WishOwner {
  readonly recipient: string;
  readonly notificationType: string;
  readonly channel: Channel;
}

const SECOND_MS = 1000;

/**
 * Resolves each wish on its own: of the rows that say anything about it the most specific decides. A user's own row
 * counts before everybody's, then a named type before a named channel.
 *
 * @param rows in any order; rows of other users, types or channels do not count.
 */
export function wishesOf(owner: WishOwner, rows: readonly PreferenceRow[]): Wishes {
  const ranked = rows.filter((row) => concerns(row, owner)).sort((a, b) => rankOf(b) - rankOf(a));
  const enabled = ranked.find((row) => row.enabled !== null);
  const digest = ranked.find((row) => row.digestWindowS !== null);
  const throttle = ranked.find((row) => row.throttleWindowS !== null);
  return {
    disabled: enabled?.enabled === false ? { origin: originOf(enabled) } : undefined,
    digest:
      digest === undefined || !digest.digestWindowS
        ? undefined
        : { windowMs: digest.digestWindowS * SECOND_MS, origin: originOf(digest) },
    throttle:
      throttle === undefined || !throttle.throttleWindowS || throttle.throttleLimit === null
        ? undefined
        : {
            limit: throttle.throttleLimit,
            windowMs: throttle.throttleWindowS * SECOND_MS,
            origin: originOf(throttle),
          },
  };
}

const concerns = (row: PreferenceRow, owner: WishOwner): boolean =>
  (row.userId === owner.recipient || row.userId === EVERY) &&
  (row.notificationType === owner.notificationType || row.notificationType === EVERY) &&
  (row.channel === owner.channel || row.channel === EVERY);

const rankOf = ({ userId, notificationType, channel }: PreferenceRow): number =>
  (userId === EVERY ? 0 : 4) + (notificationType === EVERY ? 0 : 2) + (channel === EVERY ? 0 : 1);

const originOf = ({ userId, notificationType, channel }: PreferenceRow): PreferenceOrigin => ({
  userId,
  notificationType,
  channel,
});
