import { INTENT_CATALOG, intentMessageId, notificationId } from '@app/common/contracts';
import { statement, type QuerySource } from '@app/common/database';
import { decisionsOf, type DecisionRow } from '../route';
import findRecords from './sql/find-records.sql';
import findRecordsByEvent from './sql/find-records-by-event.sql';
import findRouteNotification from './sql/find-route-notification.sql';
import lettersOfRoutes from './sql/letters-of-routes.sql';
import malformedOf from './sql/malformed-of.sql';
import outboxMessage from './sql/outbox-message.sql';
import routesOfNotifications from './sql/routes-of-notifications.sql';

const FIND_RECORDS = statement('why_find_records', findRecords);
const FIND_RECORDS_BY_EVENT = statement('why_find_records_by_event', findRecordsByEvent);
const FIND_ROUTE_NOTIFICATION = statement('why_find_route_notification', findRouteNotification);
const LETTERS = statement('why_letters', lettersOfRoutes);
const MALFORMED = statement('why_malformed', malformedOf);
const OUTBOX_MESSAGE = statement('why_outbox_message', outboxMessage);
const ROUTES = statement('why_routes', routesOfNotifications);

/** A row of notification.record. */
export interface RecordRow {
  readonly notification_id: string;
  readonly tenant_id: string;
  readonly notification_type: string;
  readonly producer: string;
  readonly audience_kind: string;
  readonly recipient_user_ids: readonly string[];
  readonly idempotency_key: string;
  readonly subject: string;
  readonly payload: unknown;
  readonly request_id: string | null;
  readonly trace_id: string | null;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly accepted_at: Date;
  readonly event_id: string | null;
  /** Of notification:intents; null for what was accepted before it was written down. */
  readonly stream_entry_id: string | null;
  readonly lane: string;
  readonly state: 'waiting' | 'routed';
  readonly routed_at: Date | null;
  readonly next_lookup_at: Date | null;
  readonly lookups: number;
  readonly last_lookup_error: string | null;
}

/** A row of notification.route, with the route that it is folded into. */
export interface StoredRoute {
  readonly route_id: string;
  readonly notification_id: string;
  readonly channel: 'push' | 'email';
  readonly lane: string;
  readonly recipient: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly next_attempt_at: Date | null;
  readonly leased_until: Date | null;
  readonly last_error: string | null;
  readonly folded_into: string | null;
  readonly fold_key: string | null;
  readonly admitted_at: Date | null;
  readonly replay_of: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly published_at: Date | null;
  readonly stream_entry_id: string | null;
  readonly members: number;
  readonly lead_state: string | null;
  readonly lead_reason: string | null;
  readonly lead_published_at: Date | null;
  readonly lead_next_attempt_at: Date | null;
  readonly lead_stream_entry_id: string | null;
}

export interface LetterRow {
  readonly letter: string;
  readonly route_id: string;
  readonly failed_at: Date;
  readonly attempts: number;
  readonly error_class: string;
  readonly error_message: string;
  readonly resolution: string | null;
  readonly replayed_as: string | null;
  readonly resolved_by: string | null;
  readonly resolved_at: Date | null;
  readonly why_resolved: string | null;
}

export interface RouteStory {
  readonly route: StoredRoute;
  readonly decisions: readonly DecisionRow[];
  readonly letters: readonly LetterRow[];
}

export interface MalformedRow {
  readonly id: string;
  readonly recorded_at: Date;
  readonly stream_entry_id: string;
  readonly code: string;
  readonly message: string;
  readonly producer: string | null;
  readonly notification_type: string | null;
  readonly idempotency_key: string | null;
}

export interface OutboxRow {
  readonly event_id: string;
  readonly topic: string;
  readonly created_at: Date;
  readonly is_passed: boolean;
  /** Of its row in the retry lane; null where it has none. */
  readonly retry_state: string | null;
  readonly retry_attempts: number | null;
  readonly last_error: string | null;
}

/** All that the tables know of an id. */
export interface Story {
  readonly notifications: readonly { readonly record: RecordRow; readonly routes: readonly RouteStory[] }[];
  /** Intents of the same key or event that were not accepted. */
  readonly malformed: readonly MalformedRow[];
  /** Messages of an intent that was not accepted yet; asked only where there is neither. */
  readonly outbox: readonly OutboxRow[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ROUTE = /^(push|email):/;

/** @param id of a notification, a route, an event (of the vehicle, or of the outbox message), or an idempotency key. */
export async function storyOf(source: QuerySource, id: string): Promise<Story> {
  const records = await recordsOf(source, id);
  const routes = await routeStoriesOf(
    source,
    records.map(({ notification_id: notification }) => notification),
  );
  const notifications = records.map((record) => ({
    record,
    routes: routes.filter(({ route }) => route.notification_id === record.notification_id),
  }));
  const keys = [...new Set([id, ...records.map(({ idempotency_key: key }) => key)])];
  const events = [id, ...messageIdsOf(id)];
  const malformed = await source.query<MalformedRow>(MALFORMED, [keys, events]);
  const isFound = notifications.length > 0 || malformed.length > 0;
  const uuids = events.filter((each) => UUID.test(each));
  const outbox = isFound ? [] : await source.query<OutboxRow>(OUTBOX_MESSAGE, [uuids]);
  return { notifications, malformed, outbox };
}

const producers = (): readonly string[] => [
  ...new Set([...INTENT_CATALOG.values()].flatMap((type) => type.producers)),
];

/** The outbox messages that an intent of that key would come as. */
const messageIdsOf = (key: string): readonly string[] =>
  producers().map((producer) => intentMessageId(producer, key));

async function recordsOf(source: QuerySource, id: string): Promise<readonly RecordRow[]> {
  if (ROUTE.test(id)) {
    const rows = await source.query<{ notification_id: string }>(FIND_ROUTE_NOTIFICATION, [id]);
    return find(source, rows);
  }
  // A key is looked up by the id that it gives with each producer: of those there are few, and records are many.
  const ids = [
    ...(UUID.test(id) ? [id] : []),
    ...producers().map((producer) => notificationId(producer, id)),
  ];
  const found = await source.query<RecordRow>(FIND_RECORDS, [ids]);
  if (found.length > 0) return found;
  return find(source, await source.query<{ notification_id: string }>(FIND_RECORDS_BY_EVENT, [id]));
}

async function find(
  source: QuerySource,
  rows: readonly { readonly notification_id: string }[],
): Promise<readonly RecordRow[]> {
  if (rows.length === 0) return [];
  return source.query<RecordRow>(FIND_RECORDS, [rows.map(({ notification_id: id }) => id)]);
}

async function routeStoriesOf(
  source: QuerySource,
  notifications: readonly string[],
): Promise<readonly RouteStory[]> {
  if (notifications.length === 0) return [];
  const routes = await source.query<StoredRoute>(ROUTES, [notifications]);
  const ids = routes.map(({ route_id: id }) => id);
  const decisions = await decisionsOf(source, ids);
  const letters = await source.query<LetterRow>(LETTERS, [ids]);
  return routes.map((route) => ({
    route,
    decisions: decisions.filter(({ route_id: id }) => id === route.route_id),
    letters: letters.filter(({ route_id: id }) => id === route.route_id),
  }));
}
