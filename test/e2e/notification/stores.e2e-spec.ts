import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrateUp } from '@app/common/database';
import { type PostgresServer, startPostgres } from '@app/common/testing';
import { type Stores } from '../system.testing';
import { OwnRedis } from './own-redis.testing';
import { Trial } from './trial.testing';

const DATABASE = 'odograph';

describe('notification under load, while its stores are restarted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-stores-'));
  const postgresAt = { dataDir: join(folder, 'postgres'), durable: false } as const;
  let postgres: PostgresServer;
  let redis: OwnRedis;
  let trial: Trial | undefined;
  const stores: Stores = {
    postgresUrl: (user) => postgres.url(DATABASE, user),
    get redisUrl() {
      return redis.url;
    },
  };

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(postgresAt), OwnRedis.start()]);
    const admin = new Client({ connectionString: postgres.url() });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.end();
    await migrateUp(postgres.url(DATABASE));
  }, 90_000);
  afterAll(async () => {
    await trial?.stop();
    await Promise.all([postgres.kill(), redis.end()]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('goes on by itself, and loses and doubles nothing', async () => {
    trial = await Trial.start(stores, { instances: 2 });
    const { feed, pids } = trial;
    feed.start();
    await feed.grown(100);
    for (const end of ['kill', 'stop'] as const) {
      const { port } = postgres;
      await postgres[end]();
      await feed.grown(50);
      postgres = await startPostgres({ ...postgresAt, port });
      await feed.grown(50);
      await redis[end]();
      await redis.startAgain();
      await feed.grown(100);
    }
    await feed.stop();
    await trial.settled();
    expect(await trial.differences()).toEqual([]);
    expect(trial.pids).toEqual(pids);
    expect(await trial.stop()).toEqual([]);
    trial = undefined;
  }, 240_000);
});
