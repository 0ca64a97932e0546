import pino from 'pino';
import { Registry } from 'prom-client';
import { type Channel, GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams, type PublishOnceRequest, textFields } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { intakeOf } from './intents/intake.testing';
import { intentFields } from './intents/intent.testing';
import { emailChannel } from './publishers/email';
import { Publisher } from './publishers/publisher';
import { publisherMetrics } from './publishers/publishers.metrics';
import { pushChannel } from './publishers/push';
import { DraftStore, RoutesService, RouteStore } from './routes';

const logger = pino({ level: 'silent' });
const servers = testServers();
const select = (name: string, text: string) => statement(`spec_${name}`, text);
const ADD_USERS = select(
  'add_users',
  `INSERT INTO notification.user_account (user_id, email) SELECT id, id || '@example.org' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
);
const ROUTES = select(
  'routes',
  'SELECT route_id, state, reason, attempts, last_error FROM notification.route ORDER BY route_id',
);
const DEAD_LETTERS = select(
  'dead_letters',
  'SELECT route_id, attempts, error_class FROM notification.dead_letter',
);
const CLEAR = select(
  'clear',
  'TRUNCATE notification.record, notification.route, notification.dead_letter, notification.malformed_intent CASCADE',
);
const MAKE_DUE = select(
  'make_due',
  `UPDATE notification.route SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL`,
);
const EXPIRE_LEASES = select(
  'expire_leases',
  `UPDATE notification.route SET leased_until = clock_timestamp() - interval '1 second' WHERE leased_until IS NOT NULL`,
);

interface RouteRow {
  route_id: string;
  state: string;
  reason: string | null;
  attempts: number;
}

/** A gateway whose streams can be told to fail. */
class FailingStreams extends MemoryStreams {
  failWith: { stream: string; error: 'refusal' | 'outage' } | undefined;

  override async publishOnce(request: PublishOnceRequest) {
    if (this.failWith?.stream !== request.stream) return super.publishOnce(request);
    if (this.failWith.error === 'outage') throw new Error('the store is gone');
    return request.messages.map(() => ({ error: 'WRONGTYPE' }));
  }
}

describe('notification on real PostgreSQL', () => {
  let owner: Database;
  let database: Database;
  let streams: FailingStreams;
  let store: RouteStore;
  let accept: ReturnType<typeof intakeOf>['accept'];
  const databaseFor = (url: string) =>
    new Database({ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000, logger });

  beforeAll(async () => {
    owner = databaseFor(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    await Promise.all([owner.start(), database.start()]);
    await owner.query(ADD_USERS, [['anna', 'bert']]);
  });
  afterAll(async () => {
    await Promise.all([owner.stop(1000), database.stop(1000)]);
  });
  beforeEach(async () => {
    await owner.query(CLEAR);
    streams = new FailingStreams();
    store = new RouteStore(database);
    const routes = new RoutesService(new DraftStore(), { push: 2, email: 3 });
    ({ accept } = intakeOf({ database, routes }));
  });

  const publisherOf = (channel: Channel) =>
    new Publisher({
      channel: channel === 'push' ? pushChannel : emailChannel,
      store,
      streams,
      batch: 100,
      leaseMs: 30_000,
      pollMs: 3_600_000,
      metrics: publisherMetrics(new Metrics(new Registry())),
      logger,
    });
  const routeRows = () => owner.query<RouteRow>(ROUTES);
  const entryIds = async (stream: string, field: string) =>
    (await streams.range(stream, '-', '+', 100)).map((entry) => textFields(entry)[field]);
  /** Runs publishers until no route of theirs is due. */
  const publish = async (...channels: Channel[]) => {
    for (const channel of channels) await publisherOf(channel).publishDue();
  };

  it('publishes each route to its stream exactly once', async () => {
    await accept(intentFields({ recipient_user_ids_json: '["anna","bert"]' }));
    await publish('push', 'email', 'push', 'email');
    expect((await routeRows()).map(({ state }) => state)).toEqual(Array(4).fill('published'));
    const rows = (await routeRows()).map(({ route_id }) => route_id);
    expect(
      [
        ...(await entryIds(MAIL_DELIVERY_COMMANDS, 'delivery_id')),
        ...(await entryIds(GATEWAY_CLIENT_EVENTS, 'event_id')),
      ].sort(),
    ).toEqual(rows);
  });

  it('adds nothing twice when a publisher dies between the stream and the table', async () => {
    await accept(intentFields());
    const claimed = await store.claim('push', 10, '00000000-0000-4000-8000-00000000000a', 30_000);
    await streams.publishOnce({
      stream: GATEWAY_CLIENT_EVENTS,
      windowMs: 1000,
      messages: claimed.map((route) => ({ dedupeId: route.routeId, fields: pushChannel.encode(route, 0) })),
    });
    await owner.query(EXPIRE_LEASES);
    await publish('push');
    expect(await entryIds(GATEWAY_CLIENT_EVENTS, 'event_id')).toHaveLength(1);
    expect(
      await store.complete(
        '00000000-0000-4000-8000-00000000000a',
        claimed.map(({ routeId }) => ({ routeId, entryId: '9-9' })),
      ),
    ).toEqual([]);
    expect((await routeRows()).find(({ route_id }) => route_id.startsWith('push:'))).toMatchObject({
      state: 'published',
      attempts: 2,
    });
  });

  it('spends attempts on a refusal up to the dead letter, and leaves the other channel alone', async () => {
    await accept(intentFields());
    streams.failWith = { stream: GATEWAY_CLIENT_EVENTS, error: 'refusal' };
    await publish('push', 'email');
    expect((await routeRows()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['published', 1],
      ['retrying', 1],
    ]);
    await owner.query(MAKE_DUE);
    await publish('push');
    const [letter] = await owner.query(DEAD_LETTERS);
    expect(letter).toMatchObject({ attempts: 2, error_class: 'gateway_stream_publish_failed' });
    expect((await routeRows()).at(-1)).toMatchObject({
      state: 'dead_lettered',
      reason: 'gateway_stream_publish_failed',
    });
  });

  it('spends no attempt on an outage', async () => {
    await accept(intentFields());
    streams.failWith = { stream: GATEWAY_CLIENT_EVENTS, error: 'outage' };
    await expect(publish('push')).rejects.toThrow('gone');
    expect((await routeRows()).at(-1)).toMatchObject({ state: 'pending', attempts: 0 });
    streams.failWith = undefined;
    await owner.query(MAKE_DUE);
    await publish('push');
    expect((await routeRows()).at(-1)).toMatchObject({ state: 'published', attempts: 1 });
  });
});
