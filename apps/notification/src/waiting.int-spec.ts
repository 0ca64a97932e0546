import pino from 'pino';
import { Registry } from 'prom-client';
import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { directoryMetrics, UserServiceDirectory } from './directory';
import { TestUserService } from './directory/user-service.testing';
import { DraftStore, RoutesService } from './routes';
import { IntakeEyes } from './intents/intake-eyes.testing';
import { intakeOf } from './intents/intake.testing';
import { intentFields } from './intents/intent.testing';

const logger = pino({ level: 'silent' });
const servers = testServers();
const profile = (userId: string) => ({ email: `${userId}@example.org`, preferred_language: 'de' });

describe('intents whose recipients a user service knows', () => {
  let eyes: IntakeEyes;
  let users: TestUserService;
  const open: (() => Promise<unknown>)[] = [];

  /** An instance of its own, with its own pool and cache. */
  async function instance(
    options: { timeoutMs?: number; cacheAgeMs?: number; streams?: MemoryStreams } = {},
  ) {
    const database = new Database({
      ...{ url: servers.postgresUrl('odograph_notification'), poolSize: 4, applicationName: 'spec' },
      ...{ startupTimeoutMs: 10_000, logger },
    });
    await database.start();
    const directory = new UserServiceDirectory({
      ...{ baseUrl: users.baseUrl, timeoutMs: 2000, cacheAgeMs: 60_000, cacheSize: 100, concurrency: 4 },
      ...options,
      metrics: directoryMetrics(new Metrics(new Registry())),
      logger,
    });
    const routes = new RoutesService(new DraftStore(), { push: 2, email: 3 });
    const { streams } = options;
    const intake = intakeOf({ database, routes, directory, ...(streams === undefined ? {} : { streams }) });
    open.push(async () => {
      await intake.resolver.stop();
      await directory.stop();
      await database.stop(1000);
    });
    return { ...intake, directory, database };
  }
  const event = (key: string, atMs: number, changes: Record<string, string> = {}) =>
    intentFields({
      ...{
        notification_type: 'vehicle.overspeed.started',
        idempotency_key: key,
        occurred_at_ms: String(atMs),
      },
      ...changes,
    });
  const statesBecome = (states: Record<string, string>) =>
    eventually(
      async () => {
        const records = await eyes.records();
        expect(Object.fromEntries(records.map((row) => [row.idempotency_key, row.state]))).toEqual(states);
      },
      { what: JSON.stringify(states) },
    );
  const waitingError = (error: string | null) =>
    eventually(
      async () => {
        const [record] = await eyes.records();
        expect(record?.last_lookup_error ?? '').toContain(error);
      },
      { what: `the lookup that failed: ${error}` },
    );

  beforeAll(async () => {
    eyes = await IntakeEyes.open(servers.postgresUrl());
  });
  afterAll(() => eyes.close());
  beforeEach(async () => {
    await eyes.clear();
    users = await TestUserService.start();
    for (const userId of ['anna', 'bert']) users.users.set(userId, profile(userId));
  });
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
    await users.stop();
  });

  describe('check 2: a user service that is out', () => {
    it.each([503, 500, 'gibberish', 'hang'] as const)(
      'with %s: the intent waits, others flow, and it is told exactly once afterwards',
      async (answer) => {
        const { accept, resolver, directory } = await instance({ timeoutMs: 1000 });
        await directory.lookUp({ userIds: ['bert'], urgent: false });
        users.everybody = answer;
        await resolver.start();
        const forBert = { recipient_user_ids_json: '["bert"]' };
        expect(await accept(event('anna', 1000), event('bert', 2000, forBert))).toMatchObject({
          ...{ accepted: 2, waiting: 1 },
        });
        resolver.wake();
        await waitingError('USER_SERVICE_UNAVAILABLE');
        expect(await accept(event('bert-2', 3000, forBert))).toMatchObject({ accepted: 1, waiting: 0 });
        expect(await accept(event('anna', 1000))).toMatchObject({ accepted: 0, duplicates: 1 });
        expect((await eyes.routes()).map(({ recipient }) => recipient)).toEqual(Array(4).fill('bert'));
        users.everybody = undefined;
        await eventually(
          async () => {
            await eyes.makeDue();
            expect((await eyes.records()).map(({ state }) => state)).toEqual(Array(3).fill('routed'));
          },
          { what: 'all routed' },
        );
        const routes = (await eyes.routes()).filter(({ recipient }) => recipient === 'anna');
        expect(routes.map(({ channel, address, state }) => [channel, address, state])).toEqual([
          ['email', 'anna@example.org', 'pending'],
          ['push', null, 'pending'],
        ]);
        expect(await eyes.malformed()).toEqual([]);
      },
    );

    it('for hours: nothing is lost, and it is left alone but for a try now and then', async () => {
      const { accept, resolver, waiting } = await instance();
      users.everybody = 503;
      await resolver.start();
      const keys = Array.from({ length: 300 }, (_, i) => `event-${i}`);
      await accept(
        ...keys.map((key, i) =>
          event(key, 1000 + i, { recipient_user_ids_json: `["user-${i}"]`, subject: key }),
        ),
      );
      resolver.wake();
      await waitingError('USER_SERVICE_UNAVAILABLE');
      // At most what was under way when the fifth of them failed.
      await eventually(() => users.asked.length >= 5, { what: 'five lookups' });
      expect(users.asked.length).toBeLessThan(20);
      expect(await waiting.summary()).toMatchObject({ records: 300 });
      for (const key of keys) users.users.set(key.replace('event', 'user'), profile(key));
      users.everybody = undefined;
      await eventually(
        async () => {
          await eyes.makeDue();
          return (await waiting.summary()).records === 0;
        },
        { what: 'all routed', timeoutMs: 20_000 },
      );
      expect(await eyes.routes()).toHaveLength(600);
    });

    it('is visible: in the oldest age, in the gauge and in the health of the intake', async () => {
      const streams = new MemoryStreams();
      const { service, watch, registry, resolver, accept } = await instance({ streams });
      users.everybody = 503;
      await accept(event('anna', 1000));
      await resolver.start();
      await streams.append(NOTIFICATION_INTENTS, event('later', 2000));
      await service?.start();
      try {
        await eventually(
          async () => {
            const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
            expect(info?.groups[0]).toMatchObject({ lag: 0, pending: 0 });
          },
          { what: 'the stream moving on' },
        );
      } finally {
        await service?.stop();
      }
      await watch?.measure();
      const text = await registry.metrics();
      expect(text).toMatch(/^notification_waiting_records 2$/m);
      expect(text).toMatch(/^notification_intent_stream_oldest_unprocessed_age_ms [1-9]/m);
      expect((await watch?.check())?.details).toMatchObject({ waitingForRecipients: 2, lag: 0, pending: 0 });
    });
  });

  describe('check 3: a user service that knows nobody of that id', () => {
    it('makes a skipped route beside known ones, and what is for nobody else malformed', async () => {
      const { accept, resolver } = await instance();
      await resolver.start();
      await accept(
        event('some', 1000, { recipient_user_ids_json: '["anna","nobody"]' }),
        event('none', 2000, { recipient_user_ids_json: '["nobody"]', subject: '8' }),
      );
      resolver.wake();
      await statesBecome({ some: 'routed', none: 'routed' });
      expect(await eyes.routesByRecipient()).toEqual([
        ['email', 'anna', 'pending', null],
        ['email', 'nobody', 'skipped', 'recipient_not_found'],
        ['email', 'nobody', 'skipped', 'recipient_not_found'],
        ['push', 'anna', 'pending', null],
        ['push', 'nobody', 'skipped', 'recipient_not_found'],
        ['push', 'nobody', 'skipped', 'recipient_not_found'],
      ]);
      expect(await eyes.malformed()).toMatchObject([
        { code: 'recipient_not_found', stream_entry_id: '1-1', raw_fields: { idempotency_key: 'none' } },
      ]);
    });
  });

  describe('the order of a subject', () => {
    it('is kept for each recipient: nothing passes what waits, and what is of others does', async () => {
      const { accept, resolver, directory } = await instance();
      await directory.lookUp({ userIds: ['bert'], urgent: false });
      await accept(event('first', 1000, { recipient_user_ids_json: '["anna","bert"]' }));
      const forBert = { recipient_user_ids_json: '["bert"]' };
      await accept(
        event('behind', 2000, forBert),
        event('before', 500, forBert),
        event('other-subject', 3000, { ...forBert, subject: '8' }),
        event('sos', 3000, { ...forBert, notification_type: 'vehicle.sos' }),
      );
      await statesBecome({
        ...{ first: 'waiting', behind: 'waiting' },
        ...{ before: 'routed', 'other-subject': 'routed', sos: 'routed' },
      });
      await resolver.start();
      await eventually(async () => (await eyes.records()).every(({ state }) => state === 'routed'), {
        what: 'all routed',
      });
      const order = (await eyes.routes())
        .filter(({ recipient, channel }) => recipient === 'bert' && channel === 'push')
        .map(({ idempotency_key }) => idempotency_key);
      expect(order.indexOf('first')).toBeLessThan(order.indexOf('behind'));
    });

    it('has an answer for events of one time too, so that none waits for ever for the other', async () => {
      const { accept, resolver, directory } = await instance();
      await directory.lookUp({ userIds: ['bert'], urgent: false });
      const keys = Array.from({ length: 10 }, (_, i) => `same-${i}`);
      await accept(event('first', 1000, { recipient_user_ids_json: '["anna","bert"]' }));
      await accept(...keys.map((key) => event(key, 1000, { recipient_user_ids_json: '["bert"]' })));
      await resolver.start();
      await eventually(async () => (await eyes.records()).every(({ state }) => state === 'routed'), {
        what: 'all routed',
      });
    });

    it('is that of the events for those who wait, though a later lookup ends sooner', async () => {
      const { accept, resolver } = await instance();
      users.users.set('anna', 'hang');
      await resolver.start();
      await accept(event('first', 1000, { recipient_user_ids_json: '["anna","bert"]' }));
      await accept(
        ...Array.from({ length: 150 }, (_, i) =>
          event(`next-${i}`, 2000 + i, { recipient_user_ids_json: '["bert"]' }),
        ),
      );
      resolver.wake();
      await eventually(() => users.asked.includes('anna') && users.asked.includes('bert'), {
        what: 'both lookups',
      });
      expect((await eyes.records()).every(({ state }) => state === 'waiting')).toBe(true);
      users.users.set('anna', profile('anna'));
      users.release(404);
      await eventually(async () => (await eyes.records()).every(({ state }) => state === 'routed'), {
        what: 'all routed',
      });
      const order = (await eyes.routes())
        .filter(({ recipient, channel }) => recipient === 'bert' && channel === 'push')
        .map(({ idempotency_key }) => idempotency_key);
      expect(order).toEqual(['first', ...Array.from({ length: 150 }, (_, i) => `next-${i}`)]);
    });
  });

  describe('two instances', () => {
    it('share what waits, and route each record once', async () => {
      const [here, there] = [await instance(), await instance()];
      await here.accept(
        ...Array.from({ length: 250 }, (_, i) => event(`event-${i}`, 1000 + i, { subject: String(i % 9) })),
      );
      await Promise.all([here.resolver.start(), there.resolver.start()]);
      await eventually(async () => (await here.waiting.summary()).records === 0, {
        what: 'all routed',
        timeoutMs: 20_000,
      });
      expect(await eyes.routes()).toHaveLength(500);
    });

    it('that resolve one record at the same time write its routes once', async () => {
      const [here, there] = [await instance(), await instance()];
      await here.accept(event('one', 1000), event('two', 2000));
      const claimed = await here.waiting.claim(10, 60_000);
      expect(await there.waiting.claim(10, 60_000)).toEqual([]);
      const accounts = await here.directory.lookUp({ userIds: ['anna'], urgent: false });
      const resolved = claimed.map((record) => ({ record, accounts }));
      const settled = await Promise.all([
        here.resolution.settle(resolved),
        there.resolution.settle(resolved.toReversed()),
      ]);
      expect(settled.reduce((sum, { routed }) => sum + routed, 0)).toBe(2);
      expect(settled.flatMap(({ malformed }) => malformed)).toEqual([]);
      expect(await eyes.routes()).toHaveLength(4);
    });

    it('of which one stops leave its records to the other', async () => {
      const [here, there] = [await instance(), await instance()];
      users.users.set('anna', 'hang');
      await here.accept(event('one', 1000));
      await here.resolver.start();
      await eventually(() => users.asked.length === 1, { what: 'the lookup' });
      await here.resolver.stop();
      users.users.set('anna', profile('anna'));
      await there.resolver.start();
      await statesBecome({ one: 'routed' });
    });
  });

  it('puts a record aside that the database refuses, and routes the others', async () => {
    const { accept, resolver } = await instance();
    users.users.set('odd', { email: 'o\u0000dd@example.org' });
    await accept(
      event('odd', 1000, { recipient_user_ids_json: '["odd"]' }),
      event('good', 2000),
      event('behind', 3000, { recipient_user_ids_json: '["odd","anna"]' }),
    );
    await resolver.start();
    await statesBecome({ odd: 'routed', good: 'routed', behind: 'routed' });
    expect((await eyes.malformed()).map(({ code }) => code)).toEqual(['record_rejected', 'record_rejected']);
    expect((await eyes.routes()).map(({ idempotency_key }) => idempotency_key)).toEqual(['good', 'good']);
  });
});
