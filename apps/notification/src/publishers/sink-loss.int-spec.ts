import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { type RedisServer, startRedis, testServers } from '@app/common/testing';
import { messagesOf, PublishingSuite } from '../publishing.testing';

let mockOnFault: (name: string) => void = () => undefined;
jest.mock('@app/common/observability', () => ({
  ...jest.requireActual<object>('@app/common/observability'),
  fault: (name: string) => mockOnFault(name),
}));

const servers = testServers();
const folder = mkdtempSync(join(tmpdir(), 'odograph-sink-spec-'));
const dir = join(folder, 'redis');
const copy = join(folder, 'copy');
let redis: RedisServer;
let streams: RedisStreams;
let suite: PublishingSuite;

const connect = async () => {
  streams = new RedisStreams({ url: redis.url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5000 });
  await streams.start();
};

beforeAll(async () => {
  redis = await startRedis({ dir, appendfsync: 'always' });
  suite = new PublishingSuite(servers.postgresUrl(), servers.postgresUrl('odograph_notification'));
  await Promise.all([suite.start(), connect()]);
});
afterAll(async () => {
  await Promise.all([suite.stop(), streams.close()]);
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await suite.clear();
  await streams.commands.onEach((client) => client.flushall());
});
afterEach(() => {
  mockOnFault = () => undefined;
});

/** The server as it was when the copy was made, as after a restored backup or a promoted replica that lagged. */
async function restore(): Promise<void> {
  await streams.close();
  await redis.kill();
  rmSync(dir, { recursive: true });
  cpSync(copy, dir, { recursive: true });
  redis = await startRedis({ dir, appendfsync: 'always' });
  await connect();
}
const backUp = (): void => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(dir, copy, { recursive: true });
};

async function publishAll(): Promise<void> {
  await suite.makeDue();
  const publisher = suite.publisher(streams);
  while (await publisher.publishDue());
}
/** The guard's looks until it lets publishing go on. */
async function repaired(): Promise<void> {
  const guard = suite.guard(streams);
  do await guard.look();
  while (guard.isOpen);
}
const sorted = (ids: readonly string[]): string[] => [...ids].sort();

describe('a target stream that lost entries', () => {
  it.each(['cut back', 'flushed'])('publishes what is lost again, once and under its id: %s', async (how) => {
    const kept = await suite.seed({ count: 30 });
    await publishAll();
    if (how === 'cut back') backUp();
    const lost = await suite.seed({ count: 40 });
    const old = await suite.seed({ count: 5, expiresAt: new Date(Date.now() - 1000) });
    await publishAll();
    if (how === 'cut back') await restore();
    else await streams.commands.onEach((client) => client.flushall());

    const waiting = await suite.seed({ count: 3 });
    const guard = suite.guard(streams);
    await suite.publisher(streams, { guard }).publishDue();
    expect(guard.isOpen).toBe(true);
    expect(await suite.states()).toEqual({ published: 75, retrying: 3 });
    await guard.look();
    const again = how === 'cut back' ? lost : [...kept, ...lost];
    expect(await suite.states()).toEqual({ published: 75 - again.length, retrying: 3 + again.length });
    expect(guard.isOpen).toBe(false);
    await publishAll();
    expect(await suite.states()).toEqual({ published: 78 });
    const expected = how === 'cut back' ? [...kept, ...lost, ...waiting] : [...again, ...waiting];
    expect(sorted(await suite.published(streams))).toEqual(sorted(expected));
    expect(old).toHaveLength(5);
    const republished = (await suite.decisions()).filter(({ decision }) => decision === 'republished');
    expect(sorted(republished.map(({ route_id }) => route_id))).toEqual(sorted(again));
    expect(await suite.rows()).toEqual(expect.arrayContaining([expect.objectContaining({ attempts: 1 })]));
    await repaired();
    expect((await suite.decisions()).filter(({ decision }) => decision === 'republished')).toHaveLength(
      again.length,
    );
  });

  it('does not settle by entries that were lost before the settlement', async () => {
    const first = await suite.seed({ count: 10 });
    await publishAll();
    backUp();
    const slow = await suite.seed({ count: 10 });
    const { token, routes, acknowledged } = await suite.claim();
    const request = { stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs, acknowledged };
    const reply = await streams.publishToSink({ ...request, messages: messagesOf(routes) });
    if (reply.kind !== 'done') throw new Error('nothing is lost yet');
    await restore();
    // Others go on over the gap, so that the count of the sink is past what the slow one was told.
    await suite.seed({ count: 30 });
    await publishAll();
    const published = routes.map(({ routeId }, i) => {
      const answer = reply.answers[i];
      if (answer?.kind !== 'added') throw new Error('it was added');
      return { routeId, entryId: answer.entryId };
    });
    const acknowledgement = { stream: GATEWAY_CLIENT_EVENTS, sink: reply.sink, added: reply.added };
    expect(await suite.settlements.complete(token, published, acknowledgement)).toEqual({
      kind: 'sink_lost',
    });
    await suite.expireLeases();
    await publishAll();
    expect(await suite.states()).toEqual({ published: 50 });
    const inStream = await suite.published(streams);
    expect(new Set(inStream).size).toBe(50);
    expect(inStream).toHaveLength(50);
    expect(inStream).toEqual(expect.arrayContaining([...first, ...slow]));
  });

  it('is noticed where somebody who had not heard of the loss has filled its place', async () => {
    await suite.seed({ count: 10 });
    await publishAll();
    backUp();
    const stale = await suite.claim({ limit: 1 });
    const lost = await suite.seed({ count: 5 });
    await publishAll();
    await restore();
    const filling = Array.from({ length: 20 }, (_, n) => ({
      dedupeId: `filling ${n}`,
      token: 1,
      fields: { event_id: `filling ${n}` },
    }));
    const request = { stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs };
    const reply = await streams.publishToSink({
      ...request,
      acknowledged: stale.acknowledged,
      messages: filling,
    });
    expect(reply.kind).toBe('done');
    await repaired();
    await publishAll();
    expect(await suite.published(streams)).toEqual(expect.arrayContaining(lost));
    expect(await suite.states()).toEqual({ published: 15 });
  });

  it('is repaired by one instance at a time; what died in the middle is done by the next', async () => {
    const ids = await suite.seed({ count: 20 });
    await publishAll();
    await streams.commands.onEach((client) => client.flushall());
    for (const point of ['publishers.repair-renewed', 'publishers.repair-page', 'publishers.repair-reborn']) {
      mockOnFault = (name) => {
        if (name === point) throw new Error(`died at ${point}`);
      };
      await expect(suite.guard(streams).look()).rejects.toThrow(point);
    }
    mockOnFault = () => undefined;
    const guards = Array.from({ length: 4 }, () => suite.guard(streams));
    await Promise.all(guards.map((guard) => guard.look()));
    await repaired();
    await publishAll();
    expect(sorted(await suite.published(streams))).toEqual(sorted(ids));
    expect(await suite.states()).toEqual({ published: 20 });
  });
});
