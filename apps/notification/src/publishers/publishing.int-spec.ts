import { GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { statement } from '@app/common/database';
import { MemoryStreams, type SinkReply, type SinkRequest } from '@app/common/streams';
import { signal, testServers } from '@app/common/testing';
import { type Judging, PASS_THROUGH } from '../routes';
import { messagesOf, PublishingSuite } from '../publishing.testing';

const servers = testServers();
const DEAD_LETTERS = statement(
  'spec_publishing_dead_letters',
  'SELECT route_id, attempts, error_class, error_message FROM notification.dead_letter',
);
const CHANGE_LETTER = statement(
  'spec_change_letter',
  `UPDATE notification.dead_letter SET error_class = 'x'`,
);

/** Streams of which one can be told to fail. */
class FailingStreams extends MemoryStreams {
  failWith: { stream: string; error: 'refusal' | 'outage' } | undefined;
  calls = 0;

  override async publishToSink(request: SinkRequest): Promise<SinkReply> {
    this.calls += 1;
    if (this.failWith?.stream !== request.stream) return super.publishToSink(request);
    if (this.failWith.error === 'outage') {
      this.server.reachable = false;
      return super.publishToSink(request).finally(() => (this.server.reachable = true));
    }
    this.server.refusal = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    return super.publishToSink(request).finally(() => (this.server.refusal = undefined));
  }
}

let suite: PublishingSuite;
let streams: FailingStreams;

beforeAll(async () => {
  suite = new PublishingSuite(servers.postgresUrl(), servers.postgresUrl('odograph_notification'));
  await suite.start();
});
afterAll(() => suite.stop());
beforeEach(async () => {
  await suite.clear();
  streams = new FailingStreams();
});

/** What a judging does that settles without publishing. */
const expiring = (): Judging => ({
  decide: async (token, routes) => {
    const ended = routes.map(({ routeId }) => ({
      routeId,
      state: 'expired' as const,
      reason: 'expired',
      detail: {},
    }));
    await suite.settlements.end(token, ended);
    return { publish: [], settled: routes };
  },
});

describe('publishing', () => {
  it('adds each route to its stream once, by event time', async () => {
    const ids = await suite.seed({ count: 250 });
    const publisher = suite.publisher(streams);
    while (await publisher.publishDue());
    expect(await suite.states()).toEqual({ published: 250 });
    expect(await suite.published(streams)).toEqual(ids);
    expect(await suite.decisions()).toEqual([]);
    const entries = await streams.range(GATEWAY_CLIENT_EVENTS, '-', '+', 1000);
    const rows = new Map((await suite.rows()).map((row) => [row.route_id, row.stream_entry_id]));
    expect(ids.map((id) => rows.get(id))).toEqual(entries.map(({ id }) => id));
  });

  it('check 7: a stream that is down returns its routes unspent, and the other channel does not notice', async () => {
    await suite.seed({ count: 3 });
    await suite.seed({ count: 3, channel: 'email' });
    streams.failWith = { stream: GATEWAY_CLIENT_EVENTS, error: 'outage' };
    const guard = suite.guard(streams);
    const push = suite.publisher(streams, { guard });
    const email = suite.publisher(streams, { of: 'email' });
    await Promise.all([push.publishDue(), email.publishDue()]);
    expect((await suite.rows()).map(({ channel, state, attempts }) => [channel, state, attempts])).toEqual([
      ...Array<unknown>(3).fill(['email', 'published', 1]),
      ...Array<unknown>(3).fill(['push', 'retrying', 0]),
    ]);
    expect((await suite.decisions()).map(({ decision, reason }) => [decision, reason])).toEqual(
      Array(3).fill(['returned', 'sink_unavailable']),
    );
    expect(guard.isOpen).toBe(true);
    await expect(guard.look()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    streams.failWith = undefined;
    await guard.look();
    expect(guard.isOpen).toBe(false);
    await suite.makeDue();
    await push.publishDue();
    expect(await suite.states()).toEqual({ published: 6 });
  });

  it('claims nothing while the breaker is open', async () => {
    await suite.seed({ count: 3 });
    streams.failWith = { stream: GATEWAY_CLIENT_EVENTS, error: 'outage' };
    const guard = suite.guard(streams);
    const publisher = suite.publisher(streams, { guard });
    await publisher.publishDue();
    await suite.makeDue();
    const callsBefore = streams.calls;
    publisher.loop.start();
    await publisher.loop.stop();
    expect(streams.calls).toBe(callsBefore);
    expect(await suite.states()).toEqual({ retrying: 3 });
    expect(await suite.decisions()).toHaveLength(3);
  });

  it('check 8: a refused route spends its attempts and ends as a dead letter that nobody can change', async () => {
    const [id] = await suite.seed({ count: 1 });
    streams.failWith = { stream: GATEWAY_CLIENT_EVENTS, error: 'refusal' };
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect((await suite.rows())[0]?.state).toBe(attempt === 1 ? 'pending' : 'retrying');
      await suite.publisher(streams).publishDue();
      await suite.makeDue();
    }
    expect(await suite.states()).toEqual({ dead_lettered: 1 });
    expect(await suite.owner.query(DEAD_LETTERS)).toEqual([
      {
        route_id: id,
        attempts: 3,
        error_class: 'gateway_stream_publish_failed',
        error_message: expect.stringContaining('WRONGTYPE') as string,
      },
    ]);
    expect((await suite.decisions()).map(({ decision }) => decision)).toEqual([
      'retried',
      'retried',
      'dead_lettered',
    ]);
    expect(await suite.registry.getSingleMetricAsString('notification_route_dead_letters')).toContain(
      'channel="push"} 1',
    );
    await expect(suite.database.query(CHANGE_LETTER)).rejects.toMatchObject({ code: '42501' });
  });

  it('makes a dead letter at once of what cannot be encoded, and publishes the rest', async () => {
    const ids = await suite.seed({ count: 3, channel: 'email' });
    const channel = {
      channel: 'email' as const,
      stream: MAIL_DELIVERY_COMMANDS,
      publishErrorClass: 'mail_stream_publish_failed' as const,
      encode: ({ routeId }: { routeId: string }) => {
        if (routeId === ids[1]) throw new Error('no such template');
        return { delivery_id: routeId };
      },
    };
    await suite.publisher(streams, { of: 'email', channel }).publishDue();
    expect(await suite.states()).toEqual({ published: 2, dead_lettered: 1 });
    expect(await suite.owner.query(DEAD_LETTERS)).toMatchObject([
      { route_id: ids[1], attempts: 1, error_class: 'payload_encoding_failed' },
    ]);
  });

  it('check 10: a stop in the middle of a batch lets it end, and the next instance has the rest', async () => {
    const ids = await suite.seed({ count: 60 });
    const reached = signal('the judging');
    const gate = signal('the gate');
    const judging: Judging = {
      decide: async (token, routes) => {
        reached.emit();
        await gate.next();
        return PASS_THROUGH.decide(token, routes);
      },
    };
    const first = suite.publisher(streams, { judging, batch: 20 });
    first.loop.start();
    await reached.next();
    const stopped = first.loop.stop();
    gate.emit();
    await stopped;
    expect(await suite.states()).toEqual({ published: 20, pending: 40 });
    const second = suite.publisher(streams);
    while (await second.publishDue());
    expect(await suite.published(streams)).toEqual(ids);
    expect((await suite.rows()).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('check 11: a publisher that dies between stream and table leaves one entry', async () => {
    await suite.seed({ count: 5 });
    const { routes, acknowledged } = await suite.claim();
    const request = { stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs, acknowledged };
    await streams.publishToSink({ ...request, messages: messagesOf(routes.slice(0, 3)) });
    await suite.expireLeases();
    await suite.publisher(streams).publishDue();
    expect(await suite.states()).toEqual({ published: 5 });
    const published = await suite.published(streams);
    expect(new Set(published).size).toBe(published.length);
    expect(published).toHaveLength(5);
  });

  it('check 26: who lost the lease can settle nothing', async () => {
    const [id = ''] = await suite.seed({ count: 1 });
    const zombie = await suite.claim();
    await suite.expireLeases();
    await suite.publisher(streams).publishDue();
    const sink = { birth: '00000000-0000-4000-8000-000000000001', count: 1, last: undefined };
    const acknowledgement = { stream: 'another', sink, added: [] };
    const { settlements } = suite;
    const failed = { routeId: id, errorClass: 'payload_encoding_failed' as const, error: 'x' };
    const returning = { delayMs: 0, reason: 'x', error: 'x' };
    expect([
      await settlements.complete(zombie.token, [{ routeId: id, entryId: '9-9' }], acknowledgement),
      await settlements.retry(zombie.token, [{ ...failed, delayMs: 0 }]),
      await settlements.deadLetter(zombie.token, [failed]),
      await settlements.returnUnspent(zombie.token, [failed], returning),
      await settlements.defer(zombie.token, [{ routeId: id, reason: 'x', untilMs: 0, detail: {} }]),
      await settlements.end(zombie.token, [{ routeId: id, state: 'skipped', reason: 'x', detail: {} }]),
    ]).toEqual([{ kind: 'settled', routeIds: [] }, [], [], [], [], []]);
    expect(await suite.rows()).toMatchObject([{ state: 'published', attempts: 2 }]);
    expect(await suite.decisions()).toEqual([]);
  });

  it('check 26: who lost the lease can add no entry once the successor has settled without publishing', async () => {
    await suite.seed({ count: 1 });
    const zombie = await suite.claim();
    await suite.expireLeases();
    await suite.publisher(streams, { judging: expiring() }).publishDue();
    expect(await suite.states()).toEqual({ expired: 1 });
    const request = { stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs, acknowledged: undefined };
    const late = await streams.publishToSink({ ...request, messages: messagesOf(zombie.routes) });
    expect(late).toMatchObject({ kind: 'done', answers: [{ kind: 'stale' }] });
    expect(await suite.published(streams)).toEqual([]);
  });

  it('settles as published what an earlier holder has added after all, whatever is decided now', async () => {
    await suite.seed({ count: 1 });
    const { routes, token } = await suite.claim();
    // Its answer was lost, and it gave the route back.
    const request = { stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs, acknowledged: undefined };
    await streams.publishToSink({ ...request, messages: messagesOf(routes) });
    await suite.settlements.returnUnspent(token, routes, { delayMs: 0, reason: 'x', error: 'x' });
    await suite.publisher(streams, { judging: expiring() }).publishDue();
    expect(await suite.states()).toEqual({ published: 1 });
  });

  it('ends a route in whose middle every holder has died', async () => {
    await suite.seed({ count: 1 });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect((await suite.claim()).routes).toHaveLength(1);
      await suite.expireLeases();
    }
    await suite.publisher(streams).publishDue();
    expect(await suite.states()).toEqual({ dead_lettered: 1 });
    expect(await suite.published(streams)).toEqual([]);
  });
});
