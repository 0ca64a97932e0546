import { type Channel, INTENT_CATALOG } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { foldReasonOf } from './fold-key';
import { type Circumstances, type EventOrder, type Telling } from './judge';
import { type PreferenceRow } from './preferences';
import { clockMsOf, isZone, type QuietHours } from './quiet-hours';
import { type ClaimedRoute } from './route';
import circumstances from './sql/circumstances.sql';
import findMembers from './sql/find-members.sql';
import findPayloads from './sql/find-payloads.sql';

const STATEMENTS = {
  circumstances: statement('judging.circumstances', circumstances),
  members: statement('judging.find-members', findMembers),
  payloads: statement('judging.find-payloads', findPayloads),
};

/** A route that is told of by another one's message. */
export interface Member extends Telling {
  readonly routeId: string;
  readonly attempts: number;
}

/** What {@link Circumstances} say, with the members by their ids. */
export interface RouteCircumstances extends Circumstances {
  readonly members: readonly Member[];
}

interface PreferenceJson {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly notification_type: string;
  readonly channel: Channel | '*';
  readonly enabled: boolean | null;
  readonly digest_window_s: number | null;
  readonly throttle_limit: number | null;
  readonly throttle_window_s: number | null;
}

interface QuietHoursJson {
  readonly user_id: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly weekdays: number;
  readonly timezone: string | null;
  readonly account_timezone: string | null;
}

interface CircumstancesRow {
  readonly preferences: readonly PreferenceJson[];
  readonly quiet_hours: readonly QuietHoursJson[];
  readonly closed_accounts: readonly { readonly user_id: string; readonly removed: boolean }[];
  readonly newer: readonly {
    readonly route_id: string;
    readonly notification_id: string;
    readonly occurred_at_ms: number;
  }[];
}

interface MemberRow {
  readonly lead_id: string;
  readonly route_id: string;
  readonly notification_id: string;
  readonly attempts: number;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly newest_notification_id: string | null;
  readonly newest_occurred_at: Date | null;
}

/** Reads what decides about claimed routes. */
export class CircumstanceStore {
  constructor(private readonly database: Database) {}

  /**
   * By route id. One round trip, and one more where there are leads.
   *
   * @param routes of one channel.
   */
  async find(routes: readonly ClaimedRoute[]): Promise<ReadonlyMap<string, RouteCircumstances>> {
    const [first] = routes;
    if (first === undefined) return new Map();
    const [[row], members] = await Promise.all([
      this.database.query<CircumstancesRow>(STATEMENTS.circumstances, paramsOf(first.channel, routes)),
      this.membersOf(routes.filter(({ foldKey }) => foldKey !== undefined)),
    ]);
    if (row === undefined) throw new Error('the circumstances of a batch are one row, and none came');
    return circumstancesOf(routes, row, members);
  }

  /** Payloads as JSON by notification id. */
  async payloads(notificationIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (notificationIds.length === 0) return new Map();
    const rows = await this.database.query<{ notification_id: string; payload_json: string }>(
      STATEMENTS.payloads,
      [notificationIds],
    );
    return new Map(rows.map(({ notification_id, payload_json }) => [notification_id, payload_json]));
  }

  private async membersOf(leads: readonly ClaimedRoute[]): Promise<ReadonlyMap<string, readonly Member[]>> {
    if (leads.length === 0) return new Map();
    const rows = await this.database.query<MemberRow>(STATEMENTS.members, [
      leads.map(({ routeId }) => routeId),
    ]);
    return grouped(rows, ({ lead_id }) => lead_id, memberOf);
  }
}

function paramsOf(channel: Channel, routes: readonly ClaimedRoute[]): unknown[] {
  const replaceable = routes.filter(({ collapseKey }) => collapseKey !== undefined);
  return [
    [...new Set(routes.map(({ tenantId }) => tenantId))],
    [...new Set(routes.map(({ recipient }) => recipient))],
    [...new Set(routes.map(({ notificationType }) => notificationType))],
    channel,
    replaceable.map(({ routeId }) => routeId),
    replaceable.map(({ tenantId }) => tenantId),
    replaceable.map(({ recipient }) => recipient),
    replaceable.map(({ collapseKey }) => collapseKey),
    replaceable.map(({ notificationId }) => notificationId),
  ];
}

function circumstancesOf(
  routes: readonly ClaimedRoute[],
  row: CircumstancesRow,
  members: ReadonlyMap<string, readonly Member[]>,
): ReadonlyMap<string, RouteCircumstances> {
  const newest = new Map<string, EventOrder>(
    row.newer.map(({ route_id, notification_id, occurred_at_ms }) => [
      route_id,
      { notificationId: notification_id, occurredAtMs: Math.round(occurred_at_ms) },
    ]),
  );
  const quietHours = new Map(row.quiet_hours.map((quiet) => [quiet.user_id, quiet]));
  const closed = new Map(row.closed_accounts.map(({ user_id, removed }) => [user_id, removed]));
  const preferences = grouped(row.preferences, preferenceKeyOf, preferenceOf);
  const wishesIn = (tenant_id: string, user_id: string) =>
    preferences.get(preferenceKeyOf({ tenant_id, user_id })) ?? [];
  return new Map(
    routes.map((route) => {
      const quiet = quietHours.get(route.recipient);
      const removed = closed.get(route.recipient);
      return [
        route.routeId,
        {
          tenantId: route.tenantId,
          type: INTENT_CATALOG.get(route.notificationType),
          newest: newest.get(route.routeId),
          account: removed === undefined ? 'open' : removed ? 'removed' : 'disabled',
          preferences: [...wishesIn(route.tenantId, route.recipient), ...wishesIn(route.tenantId, '*')],
          quietHours: quiet === undefined ? undefined : quietHoursOf(quiet, route),
          isAdmitted: route.admittedAtMs !== undefined,
          leads: route.foldKey === undefined ? undefined : foldReasonOf(route.foldKey),
          members: members.get(route.routeId) ?? [],
        },
      ];
    }),
  );
}

const preferenceKeyOf = ({ tenant_id, user_id }: Pick<PreferenceJson, 'tenant_id' | 'user_id'>): string =>
  JSON.stringify([tenant_id, user_id]);

function grouped<Row, Value>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  valueOf: (row: Row) => Value,
): ReadonlyMap<string, readonly Value[]> {
  const groups = new Map<string, Value[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [valueOf(row)]);
    else group.push(valueOf(row));
  }
  return groups;
}

function memberOf(row: MemberRow): Member {
  const { newest_notification_id: notificationId, newest_occurred_at: occurredAt } = row;
  return {
    routeId: row.route_id,
    notificationId: row.notification_id,
    attempts: row.attempts,
    occurredAtMs: row.occurred_at.getTime(),
    expiresAtMs: row.expires_at?.getTime(),
    newest:
      notificationId === null || occurredAt === null
        ? undefined
        : { notificationId, occurredAtMs: occurredAt.getTime() },
  };
}

const preferenceOf = (row: PreferenceJson): PreferenceRow => ({
  userId: row.user_id,
  notificationType: row.notification_type,
  channel: row.channel,
  enabled: row.enabled,
  digestWindowS: row.digest_window_s,
  throttleLimit: row.throttle_limit,
  throttleWindowS: row.throttle_window_s,
});

/** A zone that nobody knows does not keep a message from going out: the next one that is named counts. */
function quietHoursOf(quiet: QuietHoursJson, route: ClaimedRoute): QuietHours {
  const zones = [quiet.timezone, quiet.account_timezone, route.timezone];
  return {
    startsAtMs: clockMsOf(quiet.starts_at),
    endsAtMs: clockMsOf(quiet.ends_at),
    weekdays: quiet.weekdays,
    timezone: zones.find((zone) => zone !== null && isZone(zone)) ?? 'UTC',
  };
}
