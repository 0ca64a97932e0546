import pino from 'pino';
import { Registry } from 'prom-client';
import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { DirectoryService } from './directory';
import { Acceptance } from './intents/acceptance';
import { IntentStore } from './intents/intent-store';
import { intentMetrics } from './intents/intents.metrics';
import { IntentsService } from './intents/intents.service';
import { intentFields } from './intents/intent.testing';
import { RoutesService, RouteStore } from './routes';

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
const MALFORMED = select(
  'malformed',
  'SELECT code, raw_fields FROM notification.malformed_intent ORDER BY id',
);
const RECORDS = select('records', 'SELECT count(*)::integer AS count FROM notification.record');
const EVENT_IDS = select(
  'event_ids',
  `SELECT 'record' AS place, event_id FROM notification.record
   UNION ALL SELECT 'malformed', event_id FROM notification.malformed_intent ORDER BY place, event_id`,
);
const CLEAR = select(
  'clear',
  'TRUNCATE notification.record, notification.route, notification.dead_letter, notification.malformed_intent CASCADE',
);
interface RouteRow {
  route_id: string;
  state: string;
  reason: string | null;
  attempts: number;
}

describe('notification on real PostgreSQL', () => {
  let owner: Database;
  let database: Database;
  let streams: MemoryStreams;
  let store: RouteStore;
  let acceptance: Acceptance;
  let routes: RoutesService;
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
    streams = new MemoryStreams();
    store = new RouteStore(database);
    routes = new RoutesService(store, { push: 2, email: 3 });
    acceptance = new Acceptance(database, new IntentStore(), new DirectoryService(), routes);
  });

  const accept = (...fields: Record<string, string>[]) =>
    acceptance.accept(fields.map((each, i) => ({ id: `1-${i}`, fields: each })));
  const routeRows = () => owner.query<RouteRow>(ROUTES);

  it('writes record and routes once, however often and in whatever company the intent comes', async () => {
    const again = intentFields({ trace_id: 'another', request_id: 'another' });
    expect(await accept(intentFields(), again)).toMatchObject({ accepted: 1, duplicates: 1, malformed: [] });
    expect(await accept(again)).toMatchObject({ accepted: 0, duplicates: 1, malformed: [] });
    expect(await owner.query(RECORDS)).toEqual([{ count: 1 }]);
    expect((await routeRows()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  it('records a key that comes back with other content as a conflict, in one batch and over two', async () => {
    const other = intentFields({ occurred_at_ms: '1700000000999' });
    const first = await accept(intentFields(), other);
    const second = await accept(other);
    expect([...first.malformed, ...second.malformed].map(({ code }) => code)).toEqual([
      'idempotency_conflict',
      'idempotency_conflict',
    ]);
    expect(await owner.query(RECORDS)).toEqual([{ count: 1 }]);
  });

  it('keeps what is malformed with its fields and takes the next one', async () => {
    const broken = intentFields({ idempotency_key: 'event-2', payload_json: 'no json' });
    expect(await accept(broken, intentFields())).toMatchObject({ accepted: 1 });
    await accept(broken);
    const rows = await owner.query<{ code: string; raw_fields: Record<string, string> }>(MALFORMED);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ code: 'payload_invalid', raw_fields: { payload_json: 'no json' } });
  });

  it('keeps the event id of what it takes and of what it cannot take, whatever that is', async () => {
    const { event_id: known = '', ...unnamed } = intentFields({ idempotency_key: 'unnamed' });
    await accept(
      intentFields(),
      intentFields({ idempotency_key: 'nobody', recipient_user_ids_json: '["nobody"]', event_id: known }),
      intentFields({ idempotency_key: 'odd', event_id: 'no\u0000 uuid' }),
      unnamed,
    );
    expect(await owner.query(EVENT_IDS)).toEqual([
      { place: 'malformed', event_id: known },
      { place: 'malformed', event_id: 'no\u2400 uuid' },
      { place: 'malformed', event_id: null },
      { place: 'record', event_id: known },
    ]);
  });

  it('skips an unknown recipient beside known ones, and refuses an intent that nobody can get', async () => {
    const result = await accept(
      intentFields({ recipient_user_ids_json: '["anna","nobody"]' }),
      intentFields({ idempotency_key: 'event-2', recipient_user_ids_json: '["nobody"]' }),
    );
    expect(result.malformed.map(({ code }) => code)).toEqual(['recipient_not_found']);
    const states = (await routeRows()).map(({ route_id, state, reason }) => [
      route_id.split(':').at(-1),
      state,
      reason,
    ]);
    expect(states).toEqual([
      ['anna', 'pending', null],
      ['nobody', 'skipped', 'recipient_not_found'],
      ['anna', 'pending', null],
      ['nobody', 'skipped', 'recipient_not_found'],
    ]);
  });

  it('takes intents from the stream, past one that the database refuses, and acknowledges all', async () => {
    const poison = intentFields({ idempotency_key: 'event-\u0000' });
    for (const fields of [intentFields(), poison, intentFields({ idempotency_key: 'event-3' })]) {
      await streams.append(NOTIFICATION_INTENTS, fields);
    }
    const service = new IntentsService(
      { consumer: 'spec', batch: 100, claimThresholdMs: 60_000, claimIntervalMs: 3_600_000, keepMs: 900_000 },
      streams,
      acceptance,
      routes,
      intentMetrics(new Metrics(new Registry())),
      logger,
    );
    await service.start();
    try {
      await eventually(
        async () => {
          const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
          expect(info?.groups[0]).toMatchObject({ lag: 0, pending: 0 });
        },
        { timeoutMs: 10_000, what: 'all intents acknowledged' },
      );
    } finally {
      await service.stop();
    }
    expect(await owner.query(RECORDS)).toEqual([{ count: 2 }]);
    expect(await owner.query(MALFORMED)).toMatchObject([{ code: 'record_rejected' }]);
  });
});
