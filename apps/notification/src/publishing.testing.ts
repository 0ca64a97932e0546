import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Registry } from 'prom-client';
import { type Channel, type Lane } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { LeaseTable } from '@app/common/leases';
import { Metrics } from '@app/common/observability';
import { type SinkPublisher, type Streams, textFields } from '@app/common/streams';
import { PASS_THROUGH, type ClaimedRoute, RouteStore, Settlements, SinkStore } from './routes';
import { emailChannel } from './publishers/email';
import { Publisher, type PublisherOptions } from './publishers/publisher';
import { publisherMetrics } from './publishers/publishers.metrics';
import { pushChannel } from './publishers/push';
import { SinkGuard } from './publishers/sink-guard';
import { SinkRepair } from './publishers/sink-repair';

const PAYLOAD = JSON.stringify({
  event_id: '00000000-0000-5000-8000-000000000001',
  imei: '356307042441013',
  device_name: 'Van 1',
  reference: 'geofence:1',
  reference_name: 'Depot',
  longitude: 25.27,
  latitude: 54.68,
  speed_kmh: 42,
  details: { radius_m: 200 },
});
const CLEAR = statement(
  'spec_clear_routes',
  `TRUNCATE notification.record, notification.route, notification.dead_letter, notification.malformed_intent,
     notification.sink, notification.collapse CASCADE`,
);
const SEED = statement(
  'spec_seed_routes',
  `WITH seed AS (
     SELECT n, md5(key || n)::uuid AS notification_id, tenant_id FROM unnest($1::int[], $2::text[], $3::text[]) AS s (n, key, tenant_id)
   ), record AS (
     INSERT INTO notification.record
       (notification_id, tenant_id, notification_type, producer, audience_kind, recipient_user_ids, idempotency_key,
        fingerprint, subject, payload, traceparent, occurred_at, expires_at, event_id)
     SELECT notification_id, tenant_id, 'vehicle.geofence.entered', 'processor', 'user', ARRAY['anna'], notification_id::text,
       '', 'device', $7::jsonb, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
       now() - interval '1 hour' + n * interval '1 millisecond', $6::timestamptz, notification_id::text
     FROM seed
   )
   INSERT INTO notification.route
     (route_id, notification_id, tenant_id, channel, lane, recipient, address, locale, state, max_attempts, next_attempt_at)
   SELECT $4 || ':' || notification_id || ':anna', notification_id, tenant_id, $4, $5, 'anna', 'anna@example.org', 'en',
     'pending', 3, now() - interval '1 minute' + n * interval '1 millisecond'
   FROM seed RETURNING route_id`,
);
const ROUTES = statement(
  'spec_routes',
  `SELECT route_id, channel, state, reason, attempts, stream_entry_id, last_error FROM notification.route ORDER BY route_id`,
);
const DECISIONS = statement(
  'spec_decisions',
  'SELECT route_id, attempt, decision, reason FROM notification.route_decision ORDER BY id',
);
const MAKE_DUE = statement(
  'spec_make_due',
  `UPDATE notification.route SET next_attempt_at = clock_timestamp() - interval '1 second' WHERE next_attempt_at IS NOT NULL`,
);
const EXPIRE_LEASES = statement(
  'spec_expire_leases',
  `UPDATE notification.route SET leased_until = clock_timestamp() - interval '1 second' WHERE leased_until IS NOT NULL`,
);

export interface RouteRow {
  readonly route_id: string;
  readonly channel: Channel;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly stream_entry_id: string | null;
  readonly last_error: string | null;
}

export interface Seeding {
  readonly count: number;
  readonly channel?: Channel;
  readonly lane?: Lane;
  readonly tenantOf?: (n: number) => string;
  readonly expiresAt?: Date;
}

export const silent = pino({ level: 'silent' });
export const channelOf = (channel: Channel) => (channel === 'push' ? pushChannel : emailChannel);

/** Real tables with routes in them, and publishers on any streams. */
export class PublishingSuite {
  readonly owner: Database;
  readonly database: Database;
  readonly routes: RouteStore;
  readonly settlements: Settlements;
  readonly sinks: SinkStore;
  readonly registry = new Registry();
  readonly metrics = publisherMetrics(new Metrics(this.registry));
  readonly windowMs = 48 * 3_600_000;

  constructor(ownerUrl: string, appUrl: string) {
    const open = (url: string) =>
      new Database({ url, poolSize: 24, applicationName: 'spec', startupTimeoutMs: 10_000, logger: silent });
    this.owner = open(ownerUrl);
    this.database = open(appUrl);
    this.routes = new RouteStore(this.database);
    this.settlements = new Settlements(this.database);
    this.sinks = new SinkStore(this.database);
  }

  async start(): Promise<void> {
    await Promise.all([this.owner.start(), this.database.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.owner.stop(1000), this.database.stop(1000)]);
  }

  async clear(): Promise<void> {
    await this.owner.query(CLEAR);
  }

  /** Routes that are due, in the order of their numbers; resolves to their ids. */
  async seed({ count, channel = 'push', lane = 'normal', tenantOf, expiresAt }: Seeding): Promise<string[]> {
    const key = randomUUID();
    const numbers = Array.from({ length: count }, (_, n) => n);
    const tenants = numbers.map((n) => tenantOf?.(n) ?? 'default');
    const params = [numbers, numbers.map(() => key), tenants, channel, lane, expiresAt ?? null, PAYLOAD];
    const rows = await this.owner.query<{ route_id: string }>(SEED, params);
    return rows.map(({ route_id }) => route_id);
  }

  rows(): Promise<RouteRow[]> {
    return this.owner.query<RouteRow>(ROUTES);
  }

  async states(): Promise<Record<string, number>> {
    const states: Record<string, number> = {};
    for (const { state } of await this.rows()) states[state] = (states[state] ?? 0) + 1;
    return states;
  }

  decisions(): Promise<{ route_id: string; attempt: number; decision: string; reason: string }[]> {
    return this.owner.query(DECISIONS);
  }

  async makeDue(): Promise<void> {
    await this.owner.query(MAKE_DUE);
  }

  async expireLeases(): Promise<void> {
    await this.owner.query(EXPIRE_LEASES);
  }

  async claim(changes: { channel?: Channel; lane?: Lane; limit?: number; afterTenant?: string } = {}) {
    const token = randomUUID();
    const { channel = 'push', lane = 'normal', limit = 100, afterTenant = '' } = changes;
    const stream = channelOf(channel).stream;
    const claim = await this.routes.claim({
      ...{ channel, lane, limit, afterTenant, stream, token, leaseMs: 30_000 },
    });
    return { token, ...claim };
  }

  guard(streams: SinkPublisher, channel: Channel = 'push', owner = `spec/${randomUUID()}`): SinkGuard {
    const repair = new SinkRepair({
      ...{ channel, stream: channelOf(channel).stream, windowMs: this.windowMs, store: this.sinks },
      ...{ sinks: streams, leases: new LeaseTable(this.database, owner, 30_000) },
      ...{ metrics: this.metrics, logger: silent },
    });
    return new SinkGuard({ channel, holds: () => repair.holds(), logger: silent });
  }

  publisher(streams: SinkPublisher, changes: Partial<PublisherOptions> & { of?: Channel } = {}): Publisher {
    const { of = 'push', ...options } = changes;
    return new Publisher({
      ...{ channel: channelOf(of), lane: 'normal', store: this.routes, settlements: this.settlements },
      ...{ judging: PASS_THROUGH, sinks: streams, guard: this.guard(streams, of), windowMs: this.windowMs },
      ...{ batch: 100, leaseMs: 30_000, pollMs: 3_600_000, metrics: this.metrics, logger: silent },
      ...options,
    });
  }

  /** Route ids in the order of the stream. */
  async published(streams: Streams, channel: Channel = 'push'): Promise<string[]> {
    const entries = await streams.range(channelOf(channel).stream, '-', '+', 100_000);
    const field = channel === 'push' ? 'event_id' : 'delivery_id';
    return entries.map((entry) => textFields(entry)[field] ?? '');
  }
}

/** What a publisher hands to the sink for claimed routes. */
export const messagesOf = (routes: readonly ClaimedRoute[]) =>
  routes.map((route) => ({
    dedupeId: route.routeId,
    token: route.claimedAtUs,
    fields: channelOf(route.channel).encode(route, 0),
  }));
