import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres, startRedis } from '@app/common/testing';

/** PostgreSQL and Redis of a run: addresses, where they come from, and how to let go of them. */
export interface Servers {
  /** As the owner of the database. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Ends the ones that we started; those that were given run on. */
  stop(): Promise<void>;
}

export interface ServersOptions {
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onStep: (name: string, result: string) => void;
}

const DATABASE = 'odograph';

/** DATABASE_URL and REDIS_URL where they are set; else servers of our own on `.data/`, which the next run finds again. */
export async function openServers(options: ServersOptions): Promise<Servers> {
  const postgres = await openPostgres(options);
  try {
    const redis = await openRedis(options);
    return {
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      stop: async () => {
        await Promise.all([redis.stop(), postgres.stop()]);
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

interface Opened {
  readonly url: string;
  stop(): Promise<void>;
}

const givenServer = (url: string): Opened => ({ url, stop: () => Promise.resolve() });

async function openPostgres({ dataDir, environment, onStep }: ServersOptions): Promise<Opened> {
  const given = environment['DATABASE_URL'];
  if (given) {
    onStep('PostgreSQL', `${hostOf(given)}, from DATABASE_URL`);
    return givenServer(given);
  }
  const server = await startPostgres({ dataDir: join(dataDir, 'pg'), durable: true });
  await createDatabase(server.url());
  onStep('PostgreSQL', `127.0.0.1:${server.port}, data in .data/pg`);
  return { url: server.url(DATABASE), stop: () => server.stop() };
}

async function openRedis({ dataDir, environment, onStep }: ServersOptions): Promise<Opened> {
  const given = environment['REDIS_URL'];
  if (given) {
    onStep('Redis', `${hostOf(given)}, from REDIS_URL`);
    return givenServer(given);
  }
  const server = await startRedis({
    dir: join(dataDir, 'redis'),
    appendfsync: 'always',
    tell: (line) => onStep('Redis', line),
  });
  onStep('Redis', `127.0.0.1:${server.port}, data in .data/redis, every write on disk before its ack`);
  return { url: server.url, stop: () => server.stop() };
}

async function createDatabase(maintenanceUrl: string): Promise<void> {
  const client = new Client({ connectionString: maintenanceUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** Without user and password. */
const hostOf = (url: string): string => new URL(url).host;
