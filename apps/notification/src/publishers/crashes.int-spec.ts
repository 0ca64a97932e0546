import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { MemoryStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { type Judging } from '../routes';
import { channelOf, messagesOf, PublishingSuite } from '../publishing.testing';

let mockOnFault: (name: string) => void = () => undefined;
jest.mock('@app/common/observability', () => ({
  ...jest.requireActual<object>('@app/common/observability'),
  fault: (name: string) => mockOnFault(name),
}));

/** From the code itself, so that a new point is crashed at without anybody thinking of it. */
const FAULT_POINTS = [__dirname, join(__dirname, '../routes')]
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((file) => /\/[\w-]+\.ts$/.test(file))
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfault\('((?:publishers|routes)\.[^']+)'\)/g)])
  .map(([, name]) => name ?? '')
  // sink-loss.int-spec.ts crashes there.
  .filter((name) => !name.startsWith('publishers.repair'));

const servers = testServers();
let suite: PublishingSuite;
let streams: MemoryStreams;

beforeAll(async () => {
  suite = new PublishingSuite(servers.postgresUrl(), servers.postgresUrl('odograph_notification'));
  await suite.start();
});
afterAll(() => suite.stop());
beforeEach(async () => {
  await suite.clear();
  streams = new MemoryStreams();
});
afterEach(() => {
  mockOnFault = () => undefined;
});

it('knows the fault points of publishing', () => {
  expect(FAULT_POINTS).toEqual(expect.arrayContaining(['publishers.after-publish', 'routes.after-complete']));
});

describe.each(FAULT_POINTS)('a publisher that dies at %s', (point) => {
  it('leaves each route in one state, and each that is published in the stream once', async () => {
    const ids = await suite.seed({ count: 12 });
    const [doubtful, expired, broken] = [ids.slice(0, 4), new Set(ids.slice(2, 6)), new Set([ids[7]])];
    // Some that an earlier holder left, of which it has added two.
    const earlier = await suite.claim({ limit: doubtful.length });
    await streams.publishToSink({
      ...{ stream: GATEWAY_CLIENT_EVENTS, windowMs: suite.windowMs, acknowledged: earlier.acknowledged },
      messages: messagesOf(earlier.routes.filter(({ routeId }) => routeId !== ids[1])).slice(0, 2),
    });
    const added = new Set(await suite.published(streams));
    await suite.expireLeases();
    const judging: Judging = {
      decide: async (token, routes) => {
        const settled = routes.filter(({ routeId }) => expired.has(routeId));
        const ended = settled.map(({ routeId }) => ({
          ...{ routeId, state: 'expired' as const, reason: 'expired', detail: {} },
        }));
        await suite.settlements.end(token, ended);
        const publish = routes.filter((route) => !settled.includes(route)).map((route) => ({ route }));
        return { publish, settled };
      },
    };
    const push = channelOf('push');
    const channel: typeof push = {
      ...push,
      encode: (route, ...rest) => {
        if (broken.has(route.routeId)) throw new Error('no such field');
        return push.encode(route, ...rest);
      },
    };
    let deaths = 0;
    mockOnFault = (name) => {
      if (name !== point || deaths > 0) return;
      deaths += 1;
      throw new Error(`died at ${name}`);
    };
    const publisher = suite.publisher(streams, { judging, channel });
    await expect(publisher.publishDue()).rejects.toThrow(`died at ${point}`);
    for (;;) {
      await suite.expireLeases();
      await suite.makeDue();
      if (!(await suite.publisher(streams, { judging, channel }).publishDue())) break;
    }
    const rows = await suite.rows();
    const stateOf = (id: string) =>
      expired.has(id) && !added.has(id) ? 'expired' : broken.has(id) ? 'dead_lettered' : 'published';
    expect(rows.map(({ route_id, state }) => [route_id, state])).toEqual(
      [...ids].sort().map((id) => [id, stateOf(id)]),
    );
    const published = rows.filter(({ state }) => state === 'published').map(({ route_id }) => route_id);
    expect([...(await suite.published(streams))].sort()).toEqual(published.sort());
    expect(deaths).toBe(1);
  });
});
