import { GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type RedisStreams, text } from '@app/common/streams';
import { type Expected, type Feed, isKnown, routesOf } from './feed.testing';

const ROUTES = statement(
  'e2e_notification_routes',
  `SELECT route_id, state, reason, stream_entry_id, attempts FROM notification.route`,
);
const RECORDS = statement(
  'e2e_notification_records',
  'SELECT notification_id::text AS id, event_id FROM notification.record',
);
const MALFORMED = statement(
  'e2e_notification_malformed',
  'SELECT DISTINCT event_id FROM notification.malformed_intent',
);

interface RouteRow {
  readonly route_id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly stream_entry_id: string | null;
}

const TARGETS = [
  [GATEWAY_CLIENT_EVENTS, 'event_id'],
  [MAIL_DELIVERY_COMMANDS, 'delivery_id'],
] as const;
const MOST_ENTRIES = 1_000_000;

/** Entry ids in the target streams, by route id. */
async function published(streams: RedisStreams): Promise<Map<string, string[]>> {
  const entries = new Map<string, string[]>();
  for (const [stream, idField] of TARGETS) {
    for (const entry of await streams.range(stream, '-', '+', MOST_ENTRIES)) {
      const route = text(entry, idField) ?? '';
      entries.set(route, [...(entries.get(route) ?? []), entry.id]);
    }
  }
  return entries;
}

/**
 * What differs between what a feed sent and what is there, in words; nothing is the only good answer. Every intent has its
 * record, every recipient and channel a route in one final state, every published route one entry, which it names, and
 * no other route has any; of what replaces each other, the newest went out.
 */
export async function differences(database: Database, streams: RedisStreams, feed: Feed): Promise<string[]> {
  const [rows, records, malformed, entries] = await Promise.all([
    database.query<RouteRow & Record<string, unknown>>(ROUTES),
    database.query<{ id: string; event_id: string }>(RECORDS),
    database.query<{ event_id: string }>(MALFORMED),
    published(streams),
  ]);
  const routes = new Map(rows.map((row) => [row.route_id, row]));
  const kept = new Set(malformed.map(({ event_id: id }) => id));
  const sent = new Map(feed.expected.map((expected) => [expected.notification, expected]));
  return [
    ...feed.malformed.filter((id) => !kept.has(id)).map((id) => `malformed intent ${id} is not kept`),
    ...lines(records, ({ id, event_id: eventId }) => wrongRecord(sent.get(id), eventId, kept)),
    ...missing(sent.keys(), new Set(records.map(({ id }) => id)), 'record of intent'),
    ...missing(feed.expected.flatMap(routesOf), routes, 'route'),
    ...missing(routes.keys(), new Set(feed.expected.flatMap(routesOf)), 'intent of route'),
    ...missing(entries.keys(), routes, 'row of the published route'),
    ...lines(rows, (row) => wrongWith(row, entries.get(row.route_id) ?? [])),
    ...lines([...newest(feed.expected).entries()], ([key, route]) =>
      routes.get(route)?.state === 'published' ? undefined : `${route}, the newest of ${key}, did not go out`,
    ),
  ];
}

/** What is wrong with a record that came of an event. */
function wrongRecord(
  expected: Expected | undefined,
  eventId: string,
  kept: ReadonlySet<string>,
): string | undefined {
  const { eventId: first, rivalEventId: rival } = expected ?? {};
  if (eventId !== first && eventId !== rival) return `nobody sent the record of ${eventId}`;
  const other = eventId === first ? rival : first;
  return other === undefined || kept.has(other) ? undefined : `malformed intent ${other} is not kept`;
}

/** What is wrong with a route that should be at its end. */
function wrongWith(row: RouteRow, entryIds: readonly string[]): string | undefined {
  const { route_id: route, state, reason, stream_entry_id: entryId } = row;
  const said = `${route} (${state}, ${reason}) has the entries ${entryIds.join(', ')}`;
  if (!isKnown(route)) {
    return state === 'skipped' && reason === 'recipient_not_found' && entryIds.length === 0
      ? undefined
      : said;
  }
  if (state === 'published') {
    return entryIds.length === 1 && entryIds[0] === entryId ? undefined : `${said} and names ${entryId}`;
  }
  return state === 'superseded' && entryIds.length === 0 ? undefined : said;
}

/** By what replaces each other, the route that nothing replaces. */
function newest(all: readonly Expected[]): Map<string, string> {
  const latest = new Map<string, { route: string; rank: string }>();
  for (const expected of all) {
    if (expected.replaces === undefined) continue;
    const rank = `${String(expected.occurredAtMs).padStart(15, '0')}|${expected.notification}`;
    for (const route of routesOf(expected).filter(isKnown)) {
      const [channel, , recipient] = route.split(':');
      const key = `${expected.tenant}|${channel}|${recipient}|${expected.replaces}`;
      if ((latest.get(key)?.rank ?? '') < rank) latest.set(key, { route, rank });
    }
  }
  return new Map([...latest].map(([key, { route }]) => [key, route]));
}

function missing(wanted: Iterable<string>, found: { has(id: string): boolean }, what: string): string[] {
  return [...wanted].filter((id) => !found.has(id)).map((id) => `there is no ${what} ${id}`);
}

function lines<T>(items: readonly T[], line: (item: T) => string | undefined): string[] {
  return items.flatMap((item) => line(item) ?? []);
}
