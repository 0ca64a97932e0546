import pino from 'pino';
import { z } from 'zod';
import { Registry } from 'prom-client';
import { type Channel, type Lane, notificationId, routeId } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams, type SinkReply, type SinkRequest, textFields } from '@app/common/streams';
import { emailChannel } from './publishers/email';
import { Publisher } from './publishers/publisher';
import { publisherMetrics } from './publishers/publishers.metrics';
import { pushChannel } from './publishers/push';
import { Judgement } from './routes/judgement';
import { intentType } from './routes/judge.testing';
import { type Judging } from './routes/judging';
import { RouteStore } from './routes/route-store';
import { Settlements } from './routes/settlements';

const sql = (name: string, text: string) => statement(`judging_spec.${name}`, text);
const CLEAR = sql(
  'clear',
  `TRUNCATE notification.record, notification.route, notification.route_decision, notification.dead_letter,
     notification.collapse, notification.allowance, notification.preference, notification.quiet_hours,
     notification.user_account, notification.sink CASCADE`,
);
const ADD_USERS = sql(
  'add_users',
  `INSERT INTO notification.user_account (user_id, email, timezone)
   SELECT id, id || '@example.org', $2 FROM unnest($1::text[]) AS id`,
);
const SET_USER = sql(
  'set_user',
  'UPDATE notification.user_account SET enabled = $2, removed_at = $3 WHERE user_id = $1',
);
const PREFER = sql(
  'prefer',
  `INSERT INTO notification.preference
     (user_id, notification_type, channel, enabled, digest_window_s, throttle_limit, throttle_window_s)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);
const BE_QUIET = sql(
  'be_quiet',
  `INSERT INTO notification.quiet_hours (user_id, starts_at, ends_at, timezone) VALUES ($1, $2, $3, $4)
   ON CONFLICT (user_id) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at`,
);
const SEND = sql(
  'send',
  `WITH event AS (
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[], $5::jsonb[])
       AS event (notification_id, subject, occurred_ms, expires_ms, payload)
   ), record AS (
     INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
       recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at, expires_at)
     SELECT notification_id, 'default', $6, 'processor', 'user', ARRAY[$8], notification_id, '', subject, payload, '',
       to_timestamp(occurred_ms / 1000.0), to_timestamp(expires_ms / 1000.0)
     FROM event
   ), newest AS (
     INSERT INTO notification.collapse AS known
     SELECT 'default', channel, $8, subject || '|' || $7, max(to_timestamp(occurred_ms / 1000.0)),
       (array_agg(notification_id ORDER BY occurred_ms DESC, notification_id DESC))[1], now()
     FROM event CROSS JOIN unnest($9::text[]) AS channel
     WHERE $7 <> ''
     GROUP BY channel, subject
     ON CONFLICT (tenant_id, channel, recipient, collapse_key) DO UPDATE
     SET newest_occurred_at = excluded.newest_occurred_at, newest_notification_id = excluded.newest_notification_id
     WHERE (known.newest_occurred_at, known.newest_notification_id)
       < (excluded.newest_occurred_at, excluded.newest_notification_id)
   )
   INSERT INTO notification.route (route_id, notification_id, tenant_id, channel, recipient, address, locale, lane, state,
     max_attempts, next_attempt_at, collapse_key)
   SELECT channel || ':' || notification_id || ':' || $8, notification_id, 'default', channel, $8,
     CASE channel WHEN 'email' THEN $8 || '@example.org' END, 'en', $10, 'pending', 6, now(),
     CASE WHEN $7 <> '' THEN subject || '|' || $7 END
   FROM event CROSS JOIN unnest($9::text[]) AS channel`,
);
const ROUTES = sql(
  'routes',
  `SELECT route_id, channel, state, reason, attempts, folded_into,
     (extract(epoch FROM next_attempt_at) * 1000)::float8 AS next_attempt_ms
   FROM notification.route ORDER BY created_at, route_id`,
);
const DECISIONS = sql(
  'decisions',
  'SELECT route_id, attempt, decision, reason, detail FROM notification.route_decision ORDER BY id',
);
const ARRIVE = sql(
  'arrive',
  `UPDATE notification.route SET next_attempt_at = now()
   WHERE next_attempt_at <= to_timestamp($1::float8 / 1000.0)`,
);
const MAKE_DUE = sql(
  'make_due',
  'UPDATE notification.route SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL AND recipient = $1',
);
const EXPIRE_LEASES = sql(
  'expire_leases',
  `UPDATE notification.route SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL`,
);

export interface RouteRow {
  readonly route_id: string;
  readonly channel: Channel;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly folded_into: string | null;
  readonly next_attempt_ms: number | null;
}

export interface DecisionRow {
  readonly route_id: string;
  readonly attempt: number;
  readonly decision: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Sending {
  readonly type?: string;
  readonly recipient?: string;
  readonly channels?: readonly Channel[];
}

export interface SentEvent {
  /** Of the idempotency key; one event each. */
  readonly key: string;
  readonly subject?: string;
  readonly occurredAtMs: number;
  readonly expiresAtMs?: number;
}

/** More than the batches of any spec. */
const MOST_ROUNDS = 200;
const PUBLISHING = { push: pushChannel, email: emailChannel };
const PAYLOAD = {
  imei: '356307042441013',
  device_name: 'Van',
  reference: 'geofence:1',
  reference_name: 'Depot',
  ...{ longitude: 25.27, latitude: 54.68, details: {}, last_seen_at_ms: 0 },
};
const logger = pino({ level: 'silent' });

/** Target streams that can be told to refuse messages. */
class RefusingStreams extends MemoryStreams {
  refusals = 0;

  override async publishToSink(request: SinkRequest): Promise<SinkReply> {
    const messages = request.messages.filter(({ fields }) => fields !== undefined);
    if (this.refusals === 0 || messages.length === 0) return super.publishToSink(request);
    this.refusals -= 1;
    const reply = await super.publishToSink({ ...request, messages: [] });
    return reply.kind === 'behind'
      ? reply
      : { ...reply, answers: request.messages.map(() => ({ kind: 'refused', error: 'WRONGTYPE' })) };
  }
}

/**
 * A settable clock, routes as the intake would write them, and publishers that judge by that clock. It is ahead of the
 * database's: what is put off is not due there before {@link JudgingBench.publishAt} says so.
 */
export class JudgingBench {
  nowMs = 0;
  streams = new RefusingStreams();

  constructor(
    private readonly owner: Database,
    private readonly database: Database,
  ) {}

  /** Empty tables, an empty sink, and another now. */
  async reset(now: string): Promise<void> {
    this.nowMs = Date.parse(now);
    this.streams = new RefusingStreams();
    await this.owner.query(CLEAR);
  }

  async addUsers(userIds: readonly string[], timezone = 'UTC'): Promise<void> {
    await this.owner.query(ADD_USERS, [userIds, timezone]);
  }

  async setUser(userId: string, enabled: boolean, removedAt: Date | null = null): Promise<void> {
    await this.owner.query(SET_USER, [userId, enabled, removedAt]);
  }

  async prefer(
    user: string,
    wish: { enabled?: boolean; digestS?: number; throttle?: readonly [limit: number, windowS: number] },
    { type = '*', channel = '*' } = {},
  ): Promise<void> {
    const { enabled = null, digestS = null, throttle = [null, null] } = wish;
    await this.owner.query(PREFER, [user, type, channel, enabled, digestS, ...throttle]);
  }

  async beQuiet(user: string, from: string, to: string, timezone: string | null = null): Promise<void> {
    await this.owner.query(BE_QUIET, [user, from, to, timezone]);
  }

  /** Writes records and routes of one type for one recipient; returns the notification ids. */
  async send(events: readonly SentEvent[], sending: Sending = {}): Promise<string[]> {
    const { type = 'vehicle.geofence.entered', recipient = 'anna', channels = ['push'] } = sending;
    const ids = events.map(({ key }) => notificationId('processor', key));
    const payloads = events.map(({ key }) => ({ ...PAYLOAD, event_id: notificationId('event', key), key }));
    const catalog = intentType(type);
    // What a key is made of is the intake's; here it is enough that types which replace one another share it.
    const collapse = type.startsWith('vehicle.geofence')
      ? 'geofence:1'
      : (catalog.collapseKey(payloads[0]) ?? '');
    await this.owner.query(SEND, [
      ids,
      events.map(({ subject }) => subject ?? 'no subject'),
      events.map(({ occurredAtMs }) => occurredAtMs),
      events.map(({ expiresAtMs }) => expiresAtMs ?? null),
      payloads.map((payload) => JSON.stringify(payload)),
      ...[type, collapse, recipient, channels, catalog.lane],
    ]);
    return ids;
  }

  judging(): Judging {
    const metrics = new Metrics(new Registry());
    return new Judgement({ database: this.database, metrics, logger, now: () => this.nowMs });
  }

  publisher(
    channel: Channel,
    { lane = 'normal', judging = this.judging(), batch = 100 }: PublisherChoice = {},
  ) {
    return new Publisher({
      channel: PUBLISHING[channel],
      ...{ lane, judging, batch },
      store: new RouteStore(this.database),
      settlements: new Settlements(this.database),
      sinks: this.streams,
      guard: { isOpen: false, trip: () => undefined, onClosed: () => undefined },
      leaseMs: 30_000,
      pollMs: 3_600_000,
      windowMs: 86_400_000,
      metrics: publisherMetrics(new Metrics(new Registry())),
      logger,
      now: () => this.nowMs,
    });
  }

  /** Lets publishers of a channel run until none of them finds anything that is due. */
  async publish(channel: Channel = 'push', publishers = [this.publisher(channel)]): Promise<void> {
    await this.owner.query(ARRIVE, [this.nowMs]);
    await Promise.all(
      publishers.map(async (publisher) => {
        for (let rounds = 0; await publisher.publishDue(); rounds += 1) {
          if (rounds === MOST_ROUNDS) throw new Error('there is always something due');
        }
      }),
    );
  }

  /** Goes on to a time and publishes what is due by then. */
  async publishAt(now: string | number, channel: Channel = 'push'): Promise<void> {
    this.nowMs = typeof now === 'number' ? now : Date.parse(now);
    await this.publish(channel);
  }

  /** As if an operator wanted all of a recipient to be tried now. */
  async makeDue(recipient: string): Promise<void> {
    await this.owner.query(MAKE_DUE, [recipient]);
  }

  async expireLeases(): Promise<void> {
    await this.owner.query(EXPIRE_LEASES);
  }

  routes(): Promise<RouteRow[]> {
    return this.owner.query<RouteRow>(ROUTES);
  }

  async route(id: string, channel: Channel = 'push', recipient = 'anna'): Promise<RouteRow> {
    const wanted = routeId(channel, id, recipient);
    const found = (await this.routes()).find(({ route_id }) => route_id === wanted);
    if (found === undefined) throw new Error(`no route ${wanted}`);
    return found;
  }

  async decisions(id: string, channel: Channel = 'push', recipient = 'anna'): Promise<DecisionRow[]> {
    const wanted = routeId(channel, id, recipient);
    return (await this.owner.query<DecisionRow>(DECISIONS)).filter(({ route_id }) => route_id === wanted);
  }

  /** The entries of a channel's stream. */
  async entries(channel: Channel = 'push'): Promise<Record<string, string>[]> {
    return (await this.streams.range(PUBLISHING[channel].stream, '-', '+', 10_000)).map(textFields);
  }
}

interface PublisherChoice {
  readonly lane?: Lane;
  readonly judging?: Judging;
  readonly batch?: number;
}

export const objectSchema = z.record(z.string(), z.unknown());

/** What an entry says in JSON. */
export const payloadOf = (entry: Readonly<Record<string, string>> | undefined): Record<string, unknown> =>
  objectSchema.parse(JSON.parse(entry?.['payload_json'] ?? '{}'));

const keySchema = z.object({ key: z.string() });
const itemsSchema = z.array(keySchema.or(z.object({ payload: keySchema }))).default([]);

/** The keys of the events that a payload lists. */
export const keysIn = (payload: Readonly<Record<string, unknown>>): string[] =>
  itemsSchema.parse(payload['items']).map((item) => ('payload' in item ? item.payload.key : item.key));

/** How many routes there are by state and reason. */
export function countBy(routes: readonly RouteRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, reason } of routes) {
    const name = `${state} ${reason ?? ''}`.trim();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
