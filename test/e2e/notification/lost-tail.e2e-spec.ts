import { eventually, testServers } from '@app/common/testing';
import { type Stores } from '../system.testing';
import { OwnRedis } from './own-redis.testing';
import { Trial } from './trial.testing';

describe('notification, when Redis comes back without its tail', () => {
  const servers = testServers();
  let redis: OwnRedis;
  let trial: Trial | undefined;
  const stores: Stores = {
    postgresUrl: (user) => servers.postgresUrl(user),
    get redisUrl() {
      return redis.url;
    },
  };
  beforeAll(async () => {
    redis = await OwnRedis.start();
  }, 60_000);
  afterAll(async () => {
    await trial?.stop();
    await redis.end();
  }, 60_000);

  it('publishes again, under their ids, the routes that Redis lost', async () => {
    trial = await Trial.start(stores, { instances: 2 });
    const { feed } = trial;
    await feed.burst(200);
    await trial.settled();
    redis.remember();
    await feed.burst(200);
    await trial.settled();
    const before = await trial.publishedRoutes();
    await redis.forget();
    feed.start();
    await eventually(async () => ((await trial?.republished()) ?? 0) > 0, {
      ...{ what: 'routes to be published again', timeoutMs: 60_000 },
    });
    expect(await trial.republished()).toBeLessThanOrEqual(before);
    await feed.grown(50);
    await feed.stop();
    await trial.settled();
    expect(await trial.differences()).toEqual([]);
    expect(await trial.stop()).toEqual([]);
    trial = undefined;
  }, 240_000);
});
