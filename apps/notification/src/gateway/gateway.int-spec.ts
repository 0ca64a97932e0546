import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { type RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import {
  eventFields,
  type EventDraft,
  type Gateway,
  startGateway,
  streamsOn,
  TestClient,
  tokenFor,
} from './gateway.testing';
import { SUBPROTOCOL } from './upgrade-request';

const servers = testServers();
const SILENT_EVENTS = 100_000;

setFlagsFromString('--expose-gc');
/** Bytes that are still referenced, buffers included. */
function memoryInUse(): number {
  runInNewContext('gc()');
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('the gateway’s WebSockets', () => {
  let streams: RedisStreams;
  let stream: string;
  let gateways: Gateway[];
  let clients: TestClient[];

  beforeAll(async () => {
    streams = streamsOn(servers.redisUrl);
    await streams.start();
  });
  afterAll(() => streams.close());
  beforeEach(() => {
    stream = `gateway:test:${randomUUID()}`;
    gateways = [];
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });

  const start = async (settings?: Record<string, string>) => {
    const gateway = await startGateway(streams, stream, settings);
    gateways.push(gateway);
    return gateway;
  };
  const connect = (
    { url }: Gateway,
    { user = 'anna', query = '', ...options }: { user?: string; query?: string; since?: string } = {},
  ) => {
    const client = new TestClient(url + query, tokenFor(user), options);
    clients.push(client);
    return client;
  };
  const joined = async (...args: Parameters<typeof connect>) => {
    const client = connect(...args);
    await client.has('welcome');
    return client;
  };
  const publish = (draft: EventDraft) => streams.append(stream, eventFields(draft));
  const metric = async ({ registry }: Gateway, name: string, labels: Record<string, string> = {}) => {
    const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
    return values
      .filter((value) => Object.entries(labels).every(([label, text]) => value.labels[label] === text))
      .reduce((sum, { value }) => sum + value, 0);
  };

  describe('let in', () => {
    it('who has a token, in the header or as a subprotocol that is never chosen, and never in the URL', async () => {
      const gateway = await start();
      expect(await connect(gateway).status()).toBe(101);
      const protocols = [`bearer.${tokenFor('anna')}`, SUBPROTOCOL];
      const browser = new WebSocket(gateway.url, protocols);
      await eventually(() => browser.readyState === WebSocket.OPEN, { what: 'the browser to be let in' });
      expect(browser.protocol).toBe(SUBPROTOCOL);
      browser.terminate();
      const bare = new TestClient(`${gateway.url}?token=${tokenFor('anna')}`, undefined);
      expect(await bare.status()).toBe(401);
    });

    it('nobody with a token that is forged, expired, or has no end', async () => {
      const gateway = await start();
      const [head = '', body = ''] = tokenFor('anna').split('.');
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
      for (const token of [`${head}.${body}.AAAA`, unsigned, tokenFor('anna', -5000)]) {
        const client = new TestClient(gateway.url, token);
        expect(await client.status()).toBe(401);
      }
    });

    it('pages of the allowed origins alone, and no more clients than are allowed', async () => {
      const gateway = await start({
        NOTIFICATION_GATEWAY_ALLOWED_ORIGINS: 'https://app.example.org',
        NOTIFICATION_GATEWAY_MAX_CONNECTIONS: '3',
        NOTIFICATION_GATEWAY_MAX_CONNECTIONS_PER_USER: '2',
      });
      const from = async (origin: string, user = 'anna') => {
        const client = new TestClient(gateway.url, tokenFor(user), { origin });
        clients.push(client);
        return client.status();
      };
      expect(await from('https://evil.example.org')).toBe(403);
      expect(await from('https://app.example.org')).toBe(101);
      expect(await from('https://app.example.org')).toBe(101);
      expect(await from('https://app.example.org')).toBe(429);
      expect(await from('https://app.example.org', 'bert')).toBe(101);
      expect(await from('https://app.example.org', 'carl')).toBe(503);
      await clients[1]?.end();
      await eventually(async () => (await metric(gateway, 'notification_gateway_connections')) === 2, {
        what: 'the place to be free',
      });
      expect(await from('https://app.example.org')).toBe(101);
    });

    it('for as long as the token is good, and longer with a newer one of the same user', async () => {
      const gateway = await start();
      const short = new TestClient(gateway.url, tokenFor('anna', 3000));
      const renewed = new TestClient(gateway.url, tokenFor('anna', 3000));
      const other = new TestClient(gateway.url, tokenFor('anna', 60_000));
      clients.push(short, renewed, other);
      await Promise.all(clients.map((client) => client.has('welcome')));
      renewed.socket.send(JSON.stringify({ type: 'token', token: tokenFor('anna') }));
      other.socket.send(JSON.stringify({ type: 'token', token: tokenFor('bert') }));
      await renewed.has('token_accepted');
      await Promise.all([short.closed(), other.closed()]);
      expect([short.closeCode, other.closeCode]).toEqual([4001, 1008]);
      expect(renewed.closeCode).toBeUndefined();
    });
  });

  it('gives each user what is theirs, each session what is its own, and nothing that has expired', async () => {
    const gateway = await start();
    const phone = await joined(gateway, { query: '?device_session_id=phone' });
    const desk = await joined(gateway);
    const bert = await joined(gateway, { user: 'bert' });
    await publish({ eventId: 'expired', expiresAtMs: Date.now() - 1 });
    await publish({ eventId: 'for the phone', deviceSessionId: 'phone' });
    await publish({ eventId: 'for bert', userId: 'bert' });
    const cursor = await publish({
      eventId: 'for anna',
      payload: { imei: '1', text: '"quoted"' },
      expiresAtMs: 9e12,
    });
    await Promise.all([phone.got('for anna'), desk.got('for anna'), bert.got('for bert')]);
    expect([phone, desk, bert].map(({ eventIds }) => eventIds)).toEqual([
      ['for the phone', 'for anna'],
      ['for anna'],
      ['for bert'],
    ]);
    expect(desk.messages.at(-1)).toEqual({
      ...{ type: 'event', cursor, event_id: 'for anna', kind: 'vehicle.sos', request_id: 'r', trace_id: 't' },
      ...{ occurred_at_ms: 1_700_000_000_000, expires_at_ms: 9e12, payload: { imei: '1', text: '"quoted"' } },
    });
    expect(await metric(gateway, 'notification_gateway_events_total', { result: 'sent' })).toBe(4);
    expect(await metric(gateway, 'notification_gateway_events_total', { result: 'expired' })).toBe(2);
  });

  it('is not stopped by an entry that is none', async () => {
    const gateway = await start();
    const client = await joined(gateway);
    await streams.append(stream, { v: '1', user_id: 'anna' });
    await streams.append(stream, { ...eventFields({ eventId: 'bad' }), payload_json: '{' });
    await publish({ eventId: 'good' });
    await client.got('good');
    expect(client.eventIds).toEqual(['good']);
    expect(await metric(gateway, 'notification_gateway_events_total', { result: 'malformed' })).toBe(2);
  });

  it('ends who says what it does not understand, says too much, or does not answer pings', async () => {
    const gateway = await start({ NOTIFICATION_GATEWAY_PING_INTERVAL: '1s' });
    const [wrong, large, busy, alive] = [
      connect(gateway),
      connect(gateway),
      connect(gateway),
      connect(gateway),
    ];
    await Promise.all(clients.map((client) => client.has('welcome')));
    const dead = new TestClient(gateway.url, tokenFor('anna'), { autoPong: false });
    clients.push(dead);
    wrong.socket.send('{"type":"subscribe"}');
    large.socket.send('x'.repeat(100_000));
    const token = JSON.stringify({ type: 'token', token: tokenFor('anna') });
    for (let i = 0; i < 30; i += 1) busy.socket.send(token);
    await Promise.all([wrong, large, busy, dead].map((client) => client.closed()));
    expect([wrong, large, busy, dead].map(({ closeCode }) => closeCode)).toEqual([1008, 1009, 1008, 1006]);
    expect(alive.closeCode).toBeUndefined();
    expect(await metric(gateway, 'notification_gateway_closed_total', { reason: 'dead' })).toBe(1);
  });

  describe('resumes', () => {
    it('without gap or repeat, at another instance, while more is published', async () => {
      const [one, two] = [await start(), await start()];
      const published: string[] = [];
      let isPublishing = true;
      const publishing = (async () => {
        for (let n = 0; isPublishing; n += 1) {
          await Promise.all([publish({ eventId: `e${n}` }), publish({ eventId: `x${n}`, userId: 'bert' })]);
          published.push(`e${n}`);
        }
      })();
      const got: string[] = [];
      let client = await joined(one);
      await client.until('a first event', ({ eventIds }) => eventIds.length > 0);
      for (const gateway of [two, one, two, one, two]) {
        const { cursor, messages } = client;
        got.push(...client.eventIds);
        await client.end();
        expect(messages.length).toBe(client.messages.length);
        client = connect(gateway, { since: cursor });
        await client.has('resumed');
        await client.until(
          'live events',
          ({ types }) => types.lastIndexOf('event') > types.indexOf('resumed'),
        );
      }
      isPublishing = false;
      await publishing;
      const last = published.at(-1) ?? '';
      await client.got(last);
      got.push(...client.eventIds);
      expect(got).toEqual(published.slice(published.indexOf(got[0] ?? '')));
    });

    it('from the stream where memory does not reach back, page by page, and by a message as well', async () => {
      await Promise.all(Array.from({ length: 3000 }, (_, n) => publish({ eventId: `e${n}` })));
      const gateway = await start({ NOTIFICATION_GATEWAY_RECENT_EVENTS: '10' });
      const whole = connect(gateway, { since: '0' });
      const byMessage = await joined(gateway);
      byMessage.socket.send(JSON.stringify({ type: 'resume', since: '0-0', seen: ['e0', 'e1'] }));
      await Promise.all([whole.has('resumed'), byMessage.has('resumed')]);
      const all = Array.from({ length: 3000 }, (_, n) => `e${n}`);
      expect(whole.eventIds).toEqual(all);
      expect(byMessage.eventIds).toEqual(all.slice(2));
      expect(whole.types).not.toContain('reset');
      await publish({ eventId: 'live' });
      await Promise.all([whole.got('live'), byMessage.got('live')]);
    });

    it('tells from when on, where what was missed is trimmed in part, and only then', async () => {
      const ids = [];
      for (let n = 0; n < 6; n += 1) ids.push(await publish({ eventId: `e${n}` }));
      const gateway = await start({ NOTIFICATION_GATEWAY_RECENT_EVENTS: '0' });
      await eventually(async () => (await streams.trimOwned({ stream, groups: [], keepMs: 0 })).removed > 0, {
        what: 'the entries to be old enough',
      });
      const kept = await publish({ eventId: 'kept' });
      const behind = connect(gateway, { since: ids[1] ?? '' });
      const upToDate = connect(gateway, { since: ids[5] ?? '' });
      await Promise.all([
        behind.has('resumed'),
        upToDate.has('resumed'),
        behind.got('kept'),
        upToDate.got('kept'),
      ]);
      expect(behind.messages.find(({ type }) => type === 'reset')).toEqual({
        ...{ type: 'reset', cursor: kept, at_ms: Number(kept.split('-')[0]) },
      });
      expect(
        await metric(gateway, 'notification_gateway_resumes_total', { result: 'reset' }),
      ).toBeGreaterThan(0);
    });

    it('sends an event once that stands in the stream twice, also to who comes back', async () => {
      const gateway = await start();
      const client = await joined(gateway);
      await publish({ eventId: 'a' });
      await publish({ eventId: 'a' });
      await publish({ eventId: 'b' });
      await client.got('b');
      expect(client.eventIds).toEqual(['a', 'b']);
      await publish({ eventId: 'b' });
      await publish({ eventId: 'c' });
      const { cursor } = client.messages.find(({ event_id: id }) => id === 'b') ?? {};
      const back = connect(await start(), { since: cursor ?? '' });
      await back.got('c');
      expect(back.eventIds).toEqual(['c']);
    });
  });

  it('keeps the latest of each kind and subject for who reads slowly, and its memory is bounded', async () => {
    const gateway = await start({
      NOTIFICATION_GATEWAY_BACKPRESSURE_BYTES: '65536',
      NOTIFICATION_GATEWAY_RECENT_EVENTS: '100',
    });
    const slow = await joined(gateway);
    slow.socket.pause();
    const quick = await joined(gateway, { user: 'bert' });
    const filler = 'x'.repeat(500);
    const before = memoryInUse();
    for (let n = 0; n < SILENT_EVENTS; n += 1000) {
      await Promise.all(
        Array.from({ length: 1000 }, (_, i) =>
          publish({
            eventId: `e${n + i}`,
            kind: 'vehicle.offline',
            payload: { imei: String(i % 10), n: n + i, filler },
          }),
        ),
      );
    }
    await publish({ eventId: 'end', userId: 'bert' });
    await quick.until('the end', ({ eventIds }) => eventIds.includes('end'), 30_000);
    expect(memoryInUse() - before).toBeLessThan(64 * 1024 * 1024);
    expect(gateway.service.snapshot()).toMatchObject({ queued: 10 });
    expect(
      await metric(gateway, 'notification_gateway_events_total', { result: 'coalesced' }),
    ).toBeGreaterThan(SILENT_EVENTS / 2);
    slow.socket.resume();
    await slow.got(`e${SILENT_EVENTS - 1}`);
    const numbers = slow.eventIds.map((id) => Number(id.slice(1)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(slow.eventIds.slice(-10)).toEqual(
      Array.from({ length: 10 }, (_, i) => `e${SILENT_EVENTS - 10 + i}`),
    );
    const coalesced = slow.messages.reduce((sum, message) => sum + (message.coalesced ?? 0), 0);
    expect(coalesced + slow.eventIds.length).toBe(SILENT_EVENTS);
  }, 120_000);

  it('sends who is too slow for its queue away, to resume without a loss', async () => {
    const gateway = await start({
      NOTIFICATION_GATEWAY_BACKPRESSURE_BYTES: '16384',
      NOTIFICATION_GATEWAY_QUEUE_EVENTS: '50',
    });
    const slow = await joined(gateway);
    slow.socket.pause();
    const filler = 'x'.repeat(20_000);
    const total = 1000;
    for (let n = 0; n < total; n += 1) await publish({ eventId: `e${n}`, payload: { filler } });
    await eventually(
      async () => (await metric(gateway, 'notification_gateway_closed_total', { reason: 'too_slow' })) === 1,
      { what: 'the slow client to be ended' },
    );
    slow.socket.resume();
    await slow.closed();
    const back = connect(gateway, { since: slow.cursor });
    await back.got(`e${total - 1}`);
    expect([...slow.eventIds, ...back.eventIds]).toEqual(Array.from({ length: total }, (_, n) => `e${n}`));
  });

  it('lets what is queued go out before it stops, and says that it goes', async () => {
    const gateway = await start({ NOTIFICATION_GATEWAY_BACKPRESSURE_BYTES: '16384' });
    const [slow, stuck] = [await joined(gateway), await joined(gateway)];
    slow.socket.pause();
    stuck.socket.pause();
    const filler = 'x'.repeat(20_000);
    for (let n = 0; n < 600; n += 1) await publish({ eventId: `e${n}`, payload: { imei: '1', filler } });
    const witness = await joined(gateway, { user: 'bert' });
    await publish({ eventId: 'end', userId: 'bert' });
    await witness.got('end');
    const stopping = gateway.stop(3000);
    slow.socket.resume();
    await slow.closed();
    expect([slow.eventIds.at(-1), slow.closeCode, witness.closeCode]).toEqual(['e599', 1001, 1001]);
    await stopping;
    stuck.socket.resume();
    await stuck.closed();
    gateways = [];
    await expect(new TestClient(gateway.url, tokenFor('anna')).status()).rejects.toThrow('closed');
  });
});
