import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '@app/common/testing';
import { type RedisStreams } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { eventFields, type Gateway, startGateway, streamsOn, TestClient, tokenFor } from './gateway.testing';

const STREAM = 'gateway:client-events';

describe('the gateway while Redis is away', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-redis-'));
  let redis: RedisServer;
  let streams: RedisStreams[];
  let gateways: Gateway[];
  let clients: TestClient[];

  beforeAll(async () => {
    redis = await startRedis({ dir: join(dir, 'data'), appendfsync: 'always' });
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    streams = [streamsOn(redis.url), streamsOn(redis.url)];
    clients = [];
    await Promise.all(streams.map((each) => each.start()));
    gateways = await Promise.all(streams.map((each) => startGateway(each, STREAM)));
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all(streams.map((each) => each.close()));
  });

  const connect = async (instance: 0 | 1, since?: string) => {
    const client = new TestClient(gateways[instance]?.url ?? '', tokenFor('anna'), {
      ...(since === undefined ? {} : { since }),
    });
    clients.push(client);
    await client.has(since === undefined ? 'welcome' : 'resumed');
    return client;
  };
  /** As the publishers do: until the store has answered. */
  const publish = (eventId: string) =>
    eventually(() => streams[0]?.append(STREAM, eventFields({ eventId })) ?? false, {
      what: `${eventId} to be published`,
      timeoutMs: 20_000,
    });
  const restart = async () => {
    const { port } = redis;
    await redis.kill();
    redis = await startRedis({ dir: join(dir, 'data'), port, appendfsync: 'always' });
  };

  it('goes on without gap or repeat after a kill and restart, for who stays and for who comes to another instance', async () => {
    const staying = await connect(0);
    const moving = await connect(0);
    for (const eventId of ['a', 'b']) await publish(eventId);
    await Promise.all([staying.got('b'), moving.got('b')]);
    await moving.end();
    await publish('c');
    await restart();
    await publish('d');
    const moved = await connect(1, moving.cursor);
    await publish('e');
    await Promise.all([staying.got('e'), moved.got('e')]);
    expect(staying.eventIds).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([...moving.eventIds, ...moved.eventIds]).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('repeats nothing of what Redis lost and is published again', async () => {
    const staying = await connect(0);
    for (const eventId of ['k', 'l', 'm']) await publish(eventId);
    await staying.got('m');
    const cursorOf = (eventId: string) =>
      staying.messages.find(({ event_id: id }) => id === eventId)?.cursor ?? '';
    // Both instances have read all of it; then the whole stream is gone, and the publishers publish what it has lost.
    await (await connect(1, '0')).got('m');
    await streams[0]?.removeDrained(STREAM);
    for (const eventId of ['l', 'm', 'n']) await publish(eventId);
    await staying.got('n');
    const back = await connect(1, cursorOf('m'));
    await back.got('n');
    expect(staying.eventIds.slice(-4)).toEqual(['k', 'l', 'm', 'n']);
    expect(back.eventIds).toEqual(['n']);
  });
});
