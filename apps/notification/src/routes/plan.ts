import { createHash } from 'node:crypto';
import { type Channel, type IntentType, type Lane, routeId } from '@app/common/contracts';
import { type Units, type UserAccount } from '../directory';

/** Who a route is for, as planning knows them. */
export interface RouteRecipient {
  /** User id; for administrators a name made of their address. */
  readonly recipient: string;
  readonly address: string | undefined;
  readonly locale: string;
  readonly timezone: string;
  readonly units: Units;
  /** Why nobody can be told; undefined for those who can. */
  readonly skipReason: string | undefined;
}

/** A record whose recipients are known. */
export interface RoutableRecord {
  readonly notificationId: string;
  readonly tenantId: string;
  readonly type: IntentType;
  readonly subject: string;
  /** As its type's schema has it. */
  readonly payload: unknown;
  readonly occurredAtMs: number;
  readonly recipients: readonly RouteRecipient[];
}

/** A route as it is planned when its record is accepted. */
export interface RouteDraft extends RouteRecipient {
  readonly routeId: string;
  readonly notificationId: string;
  readonly tenantId: string;
  readonly channel: Channel;
  readonly lane: Lane;
  /** What of the same recipient replaces it when it is newer; undefined where nothing does. */
  readonly collapseKey: string | undefined;
  readonly occurredAtMs: number;
  readonly maxAttempts: number;
}

const NOBODY = { address: undefined, locale: 'en', timezone: 'UTC', units: 'metric' } as const;

/** Those who do not exist, and those who are switched off, are recipients with a reason. */
export function usersAsRecipients(
  userIds: readonly string[],
  accounts: ReadonlyMap<string, UserAccount>,
): RouteRecipient[] {
  return userIds.map((recipient) => {
    const account = accounts.get(recipient);
    if (account === undefined) return { ...NOBODY, recipient, skipReason: 'recipient_not_found' };
    const { email: address, locale, timezone, units, enabled } = account;
    const skipReason = enabled ? undefined : 'recipient_disabled';
    return { recipient, address, locale, timezone, units, skipReason };
  });
}

/**
 * Administrators have no user id, and an address must not get into the ids of routes, which logs name: a short digest of
 * it stands there. A list without anybody is a recipient too, so that a hole in the configuration can be seen.
 */
export function administratorsAsRecipients(type: string, addresses: readonly string[]): RouteRecipient[] {
  if (addresses.length === 0) {
    return [{ ...NOBODY, recipient: `config:${type}`, skipReason: 'no_recipients_configured' }];
  }
  return addresses.map((address) => ({
    ...NOBODY,
    recipient: `admin-${createHash('sha256').update(address).digest('hex').slice(0, 16)}`,
    address,
    skipReason: undefined,
  }));
}

/** One route per recipient and channel. A recipient who cannot be told gets a skipped route that says why. */
export function planRoutes(
  record: RoutableRecord,
  maxAttempts: Readonly<Record<Channel, number>>,
): RouteDraft[] {
  const { notificationId, tenantId, type, subject, occurredAtMs } = record;
  const key = type.collapseKey(record.payload);
  const collapseKey = key === undefined ? undefined : `${subject}|${key}`;
  const drafts: RouteDraft[] = [];
  for (const recipient of record.recipients) {
    for (const channel of type.channels) {
      // Field by field: of four routes an intent, copying objects was a sixth of what an intent costs.
      drafts.push({
        routeId: routeId(channel, notificationId, recipient.recipient),
        notificationId,
        tenantId,
        channel,
        lane: type.lane,
        recipient: recipient.recipient,
        address: channel === 'email' ? recipient.address : undefined,
        locale: recipient.locale,
        timezone: recipient.timezone,
        units: recipient.units,
        collapseKey,
        occurredAtMs,
        skipReason: recipient.skipReason ?? missingAddress(channel, recipient),
        maxAttempts: maxAttempts[channel],
      });
    }
  }
  return drafts;
}

function missingAddress(channel: Channel, { address }: RouteRecipient): string | undefined {
  return channel === 'email' && address === undefined ? 'recipient_without_address' : undefined;
}

/** The newest event of those that replace one another for a recipient. */
export interface NewestEvent {
  readonly tenantId: string;
  readonly channel: Channel;
  readonly recipient: string;
  readonly collapseKey: string;
  readonly occurredAtMs: number;
  readonly notificationId: string;
}

/** Of each key the newest among the drafts that are to go out; sorted, so that two instances cannot deadlock on them. */
export function newestOf(drafts: readonly RouteDraft[]): NewestEvent[] {
  const byKey = new Map<string, NewestEvent>();
  for (const { collapseKey, skipReason, ...draft } of drafts) {
    if (collapseKey === undefined || skipReason !== undefined) continue;
    const { tenantId, channel, recipient, occurredAtMs, notificationId } = draft;
    const event = { tenantId, channel, recipient, collapseKey, occurredAtMs, notificationId };
    const key = JSON.stringify([tenantId, channel, recipient, collapseKey]);
    const known = byKey.get(key);
    if (known === undefined || isNewer(event, known)) byKey.set(key, event);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
}

/** As the table compares (occurred_at, notification_id): a uuid by its bytes, which its text sorts like. */
function isNewer(a: NewestEvent, b: NewestEvent): boolean {
  return a.occurredAtMs === b.occurredAtMs
    ? a.notificationId > b.notificationId
    : a.occurredAtMs > b.occurredAtMs;
}
