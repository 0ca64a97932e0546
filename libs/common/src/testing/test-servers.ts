import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { createFromTemplate, databaseUrl, dropDatabase, ensureTemplate } from './template';
import { ownWorkerServers } from './worker-servers';

/** The roles that the migrations make for the apps: LOGIN, no password, no DDL rights. */
export type AppRole =
  'odograph_processor' | 'odograph_relay' | 'odograph_notification' | 'odograph_ops' | 'odograph_readonly';

export interface TestServers {
  /** This suite's own database, empty but migrated; as superuser unless an app's role is named. */
  postgresUrl(user?: AppRole): string;
  /** A Redis that no other running suite uses, emptied before this one. */
  readonly redisUrl: string;
}

/**
 * Call it once at the top of a describe or of a file: gives this suite a database of its own and an empty Redis, and
 * takes the database away after the last test. The addresses are good from the first `beforeAll` that follows.
 */
export function testServers(): TestServers {
  const database = `suite_${randomBytes(6).toString('hex')}`;
  let ready = false;

  beforeAll(async () => {
    const { postgresPort, redisUrl } = ownWorkerServers();
    await Promise.all([
      ensureTemplate(postgresPort).then(() => createFromTemplate(postgresPort, database)),
      emptyRedis(redisUrl),
    ]);
    ready = true;
    // The first suite of a server runs all migrations.
  }, 60_000);

  afterAll(async () => {
    ready = false;
    await dropDatabase(ownWorkerServers().postgresPort, database);
  });

  return {
    postgresUrl: (user) => {
      if (!ready) throw new Error('the suite has its database only from beforeAll on');
      return databaseUrl(ownWorkerServers().postgresPort, database, user);
    },
    get redisUrl() {
      return ownWorkerServers().redisUrl;
    },
  };
}

async function emptyRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  await redis.connect();
  try {
    await redis.multi().flushall('SYNC').function('FLUSH').script('FLUSH').exec();
  } finally {
    redis.disconnect();
  }
}
