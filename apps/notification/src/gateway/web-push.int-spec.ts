import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { generateVAPIDKeys } from 'web-push';
import { readGatewayToken, WEB_PUSH_GROUP } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { type RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { answerText, type RequestHandler } from '../public-http';
import { eventFields, type EventDraft, SECRET, streamsOn, tokenFor } from './gateway.testing';
import { PushClient } from './push-client';
import { TestBrowser, TestPushService } from './push-service.testing';
import { SubscriptionStore } from './subscription-store';
import { SubscriptionsHttp } from './subscriptions-http';
import { webPushMetrics } from './web-push.metrics';
import { WebPushService } from './web-push.service';

const servers = testServers();
const logger = pino({ level: 'silent' });
const vapid = { ...generateVAPIDKeys(), subject: 'mailto:operator@example.org' };
const SUBSCRIPTIONS = statement(
  'spec_push_subscriptions',
  'SELECT user_id, failures, last_success_at IS NOT NULL AS reached FROM notification.push_subscription ORDER BY id',
);
const DELIVERIES = statement(
  'spec_push_deliveries',
  `SELECT event_id, attempts, extract(epoch FROM next_attempt_at - clock_timestamp())::float AS in_s
   FROM notification.push_delivery ORDER BY event_id`,
);
const MAKE_DUE = statement(
  'spec_push_make_due',
  'UPDATE notification.push_delivery SET next_attempt_at = clock_timestamp()',
);
const CLEAR = statement('spec_push_clear', 'TRUNCATE notification.push_subscription CASCADE');
const DEAD_LETTERS = statement('spec_push_dead_letters', 'SELECT route_id FROM notification.dead_letter');

describe('Web Push', () => {
  let owner: Database;
  let database: Database;
  let streams: RedisStreams;
  let stream: string;
  let service: TestPushService;
  let registry: Registry;
  let running: WebPushService[];

  beforeAll(async () => {
    const databaseFor = (url: string) =>
      new Database({ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000, logger });
    owner = databaseFor(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    streams = streamsOn(servers.redisUrl);
    await Promise.all([owner.start(), database.start(), streams.start()]);
  });
  afterAll(async () => {
    await Promise.all([owner.stop(1000), database.stop(1000), streams.close()]);
  });
  beforeEach(async () => {
    await owner.query(CLEAR);
    stream = `gateway:test:${randomUUID()}`;
    registry = new Registry();
    running = [];
    service = new TestPushService(vapid.publicKey);
    await service.start();
  });
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await service.stop();
  });

  const store = () => new SubscriptionStore(database);
  const start = async (consumer = 'one', claimThresholdMs = 60_000) => {
    const started = new WebPushService({
      ...{ stream, streams, consumer, claimThresholdMs, ttlMs: 86_400_000, concurrency: 8, logger },
      store: store(),
      client: new PushClient({ vapid, timeoutMs: 5000, allowPrivate: true, concurrency: 8 }),
      metrics: webPushMetrics(new Metrics(registry)),
    });
    running.push(started);
    await started.start();
    return started;
  };
  const subscribe = async (name: string, userId = 'anna', deviceSessionId?: string) => {
    const browser = new TestBrowser(name);
    const { endpoint, keys } = browser.subscription(service.origin);
    await store().register({ userId, tenantId: 'default', endpoint, ...keys, deviceSessionId });
    return browser;
  };
  const publish = (draft: EventDraft) => streams.append(stream, eventFields(draft));
  const acknowledged = () =>
    eventually(
      async () => {
        const group = (await streams.info(stream, [WEB_PUSH_GROUP]))?.groups[0];
        expect(group).toMatchObject({ lag: 0, pending: 0 });
      },
      { what: 'all entries to be acknowledged' },
    );
  const sent = async (result: string) =>
    (await registry.getSingleMetric('notification_web_push_total')?.get())?.values.find(
      ({ labels }) => labels['result'] === result,
    )?.value ?? 0;
  const nameOf = ({ browser }: { browser: string }) => browser;

  it('reaches every browser of a user, encrypted for it, with time to live, topic and urgency', async () => {
    const [desk, phone] = [await subscribe('desk'), await subscribe('phone', 'anna', 'phone')];
    await subscribe('other', 'bert');
    await start();
    const payload = {
      event_id: randomUUID(),
      ...{ imei: '356307042441013', device_name: 'Van 1', reference: 'geofence:1', reference_name: 'Depot' },
      ...{ longitude: 25.27, latitude: 54.68, details: {} },
    };
    const expiresAtMs = Date.now() + 60_000;
    await publish({ eventId: 'sos', kind: 'vehicle.sos', payload: { imei: '1' }, deviceSessionId: 'phone' });
    await publish({ eventId: 'in', kind: 'vehicle.geofence.entered', payload, expiresAtMs });
    await publish({ eventId: 'out', kind: 'vehicle.geofence.exited', payload, expiresAtMs });
    await acknowledged();
    const texts = service.requests.map(({ browser, body }) =>
      (browser === 'desk' ? desk : phone).decrypt(body),
    );
    expect(texts.map((text) => JSON.parse(text) as unknown)).toContainEqual({
      ...{ event_id: 'in', kind: 'vehicle.geofence.entered', occurred_at_ms: 1_700_000_000_000, payload },
    });
    expect(service.requests.map(nameOf).sort()).toEqual(['desk', 'desk', 'phone', 'phone', 'phone']);
    const headers = service.requests.map(({ headers: { topic, urgency, ttl } }) => ({ topic, urgency, ttl }));
    const [sos] = headers.filter(({ urgency }) => urgency === 'high');
    expect(sos).toEqual({ topic: undefined, urgency: 'high', ttl: '86399' });
    const topics = new Set(headers.filter(({ urgency }) => urgency === 'normal').map(({ topic }) => topic));
    // What left the fence replaces what came in, where that was not delivered yet.
    expect([...topics]).toEqual([expect.stringMatching(/^[\w-]{32}$/)]);
    expect(headers.filter(({ urgency }) => urgency === 'normal').every(({ ttl }) => Number(ttl) <= 60)).toBe(
      true,
    );
  });

  it('check 24: 410 removes the subscription, and is no dead letter', async () => {
    for (const [name, status] of [
      ['gone', 410],
      ['missing', 404],
      ['there', 201],
    ] as const) {
      await subscribe(name);
      service.answers.set(name, { status });
    }
    await start();
    await publish({ eventId: 'a' });
    await acknowledged();
    expect(await owner.query(SUBSCRIPTIONS)).toEqual([{ user_id: 'anna', failures: 0, reached: true }]);
    await publish({ eventId: 'b' });
    await acknowledged();
    expect(service.requests.map(nameOf).sort()).toEqual(['gone', 'missing', 'there', 'there']);
    expect(await owner.query(DELIVERIES)).toEqual([]);
    expect(await owner.query(DEAD_LETTERS)).toEqual([]);
    expect(await sent('gone')).toBe(2);
  });

  it('drops what is too large or refused, and tries again what a service cannot take now, as it asks for', async () => {
    for (const [name, status, retryAfter] of [
      ['large', 413],
      ['refused', 403],
      ['busy', 429, '40'],
      ['broken', 503],
    ] as const) {
      await subscribe(name, name);
      service.answers.set(name, {
        status,
        ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
      });
      await publish({ eventId: `${name} event`, userId: name });
    }
    await publish({ eventId: 'too late', userId: 'busy', expiresAtMs: Date.now() + 20_000 });
    await start();
    await acknowledged();
    const rows = await owner.query<{ event_id: string; in_s: number }>(DELIVERIES);
    expect(rows.map(({ event_id: id }) => id)).toEqual(['broken event', 'busy event']);
    expect(rows[0]?.in_s).toBeLessThan(13);
    expect(rows[1]?.in_s).toBeGreaterThan(30);
    expect([await sent('too_large'), await sent('refused'), await sent('expired')]).toEqual([1, 1, 1]);

    for (const name of ['busy', 'broken']) service.answers.delete(name);
    await owner.query(MAKE_DUE);
    await eventually(async () => (await owner.query(DELIVERIES)).length === 0, { what: 'the retries' });
    expect(service.requests.slice(-2).map(nameOf).sort()).toEqual(['broken', 'busy']);
    expect(await owner.query(SUBSCRIPTIONS)).toEqual([
      { user_id: 'large', failures: 1, reached: false },
      { user_id: 'refused', failures: 1, reached: false },
      { user_id: 'busy', failures: 0, reached: true },
      { user_id: 'broken', failures: 0, reached: true },
    ]);
  });

  it('takes over what another instance had read and not settled', async () => {
    await subscribe('desk');
    await streams.ensureGroup(stream, WEB_PUSH_GROUP);
    await publish({ eventId: 'a' });
    const never = new AbortController().signal;
    const read = { stream, group: WEB_PUSH_GROUP, consumer: 'dead', count: 10, blockMs: 0, signal: never };
    expect(await streams.readGroup(read)).toHaveLength(1);
    const two = await start('two', 1);
    await acknowledged();
    expect(await two.check()).toMatchObject({ status: 'up', details: { lag: 0, pending: 0 } });
    expect(service.requests.map(nameOf)).toEqual(['desk']);
  });

  it('never connects to an address that is not public, whatever a name leads to', async () => {
    const client = new PushClient({ vapid, timeoutMs: 5000, allowPrivate: false, concurrency: 1 });
    const message = {
      eventId: 'a',
      body: '{}',
      topic: undefined,
      urgency: 'normal',
      expiresAtMs: 9e12,
    } as const;
    const { keys } = new TestBrowser('x').subscription('');
    const to = (endpoint: string) => client.send({ endpoint, ...keys }, message);
    for (const endpoint of [
      service.origin,
      'https://127.0.0.1/',
      'https://[::ffff:10.0.0.1]/',
      'https://2130706433/',
    ]) {
      expect(await to(endpoint)).toMatchObject({ kind: 'refused' });
    }
    expect(await to(`https://localhost:${new URL(service.origin).port}/push/x`)).toMatchObject({
      kind: 'retry',
      error: 'the name leads to no public address',
    });
    client.close();
    expect(service.requests).toEqual([]);
  });

  describe('subscriptions', () => {
    const offer = (allowPrivate: boolean) =>
      new SubscriptionsHttp({
        ...{ store: store(), publicKey: vapid.publicKey, allowPrivate },
        allowedOrigins: ['https://app.example.org'],
        readToken: (token) => readGatewayToken(SECRET, token),
      });

    /** Calls a handler over HTTP. */
    async function call(handler: RequestHandler, init: RequestInit): Promise<Response> {
      const server = createServer((request, response) => {
        const failed = (): void => answerText(response, 500, 'failed');
        Promise.resolve(handler(request, response, new URL('http://host'))).catch(failed);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        const answer = await fetch(`http://127.0.0.1:${port}`, init);
        await answer.clone().text();
        return answer;
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }
    const request = (method: string, body: unknown, user = 'anna', headers: Record<string, string> = {}) => ({
      method,
      headers: { authorization: `Bearer ${tokenFor(user)}`, ...headers },
      body: JSON.stringify(body),
    });

    it('are the user’s own: registered, taken over by who signs in next, and removed by nobody else', async () => {
      const { subscriptions, vapidPublicKey } = offer(true);
      const body = new TestBrowser('desk').subscription(service.origin);
      expect(await (await call(vapidPublicKey, {})).json()).toEqual({ public_key: vapid.publicKey });
      expect((await call(subscriptions, request('POST', body))).status).toBe(201);
      expect((await call(subscriptions, request('POST', body, 'bert'))).status).toBe(201);
      expect(await owner.query(SUBSCRIPTIONS)).toMatchObject([{ user_id: 'bert' }]);
      const { endpoint } = body;
      expect((await call(subscriptions, request('DELETE', { endpoint }))).status).toBe(404);
      expect((await call(subscriptions, request('DELETE', { endpoint }, 'bert'))).status).toBe(204);
      expect(await owner.query(SUBSCRIPTIONS)).toEqual([]);
    });

    it('are refused without a token, from other origins, with wrong keys and for addresses of ours', async () => {
      const { subscriptions } = offer(false);
      const good = { ...new TestBrowser('desk').subscription('https://push.example.org') };
      const status = async (init: RequestInit) => (await call(subscriptions, init)).status;
      expect(await status({ method: 'POST', body: JSON.stringify(good) })).toBe(401);
      expect(await status(request('POST', good, 'anna', { origin: 'https://evil.example.org' }))).toBe(403);
      expect(await status(request('GET', undefined))).toBe(405);
      for (const endpoint of [
        'http://push.example.org',
        'https://10.0.0.1/x',
        'https://user:pw@push.example.org',
      ]) {
        expect(await status(request('POST', { ...good, endpoint }))).toBe(400);
      }
      const noPoint = { ...good, keys: { ...good.keys, p256dh: Buffer.alloc(65, 4).toString('base64url') } };
      expect(await status(request('POST', noPoint))).toBe(400);
      expect(await status(request('POST', { ...good, filler: 'x'.repeat(10_000) }))).toBe(413);
      const preflight = await call(subscriptions, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example.org' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
      expect(await status(request('POST', good, 'anna', { origin: 'https://app.example.org' }))).toBe(201);
    });

    it('are bounded in number: the least lately reached ones go', async () => {
      for (let n = 0; n < 25; n += 1) await subscribe(`b${n}`);
      expect(await owner.query(SUBSCRIPTIONS)).toHaveLength(20);
    });
  });
});
