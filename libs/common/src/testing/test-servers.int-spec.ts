import { Redis } from 'ioredis';
import { testServers } from './test-servers';
import { withClient } from './with-client';

/** What the suites before this one saw: each describe below is a suite of its own. */
const databases: string[] = [];

async function value(url: string, sql: string, parameters: unknown[] = []): Promise<unknown> {
  const { rows } = await withClient(url, (client) => client.query<{ value: unknown }>(sql, parameters));
  return rows[0]?.value;
}

describe.each(['first', 'second'])('the %s suite', () => {
  const servers = testServers();
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(servers.redisUrl);
  });
  afterAll(() => redis.quit());

  it('has a migrated database of its own, without what another suite wrote', async () => {
    const url = servers.postgresUrl();
    const database = await value(url, 'SELECT current_database() AS value');
    expect(databases).not.toContain(database);
    databases.push(String(database));
    expect(await value(url, "SELECT to_regclass('public.left_by_a_suite') AS value")).toBeNull();
    expect(await value(url, "SELECT to_regclass('ops.lease') IS NOT NULL AS value")).toBe(true);
    await withClient(url, (client) => client.query('CREATE TABLE left_by_a_suite (n int)'));
  });

  it('has an empty Redis', async () => {
    expect(await redis.dbsize()).toBe(0);
    await redis.set('left', 'by a suite');
  });

  it('can be an app, with no more rights than that app has', async () => {
    const url = servers.postgresUrl('odograph_processor');
    expect(await value(url, 'SELECT current_user AS value')).toBe('odograph_processor');
    expect(await value(url, "SELECT current_setting('transaction_timeout') <> '0' AS value")).toBe(true);
    await expect(withClient(url, (client) => client.query('CREATE SCHEMA mine'))).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('after a suite', () => {
  const servers = testServers();

  it('its database is gone', async () => {
    const sql = 'SELECT count(*)::int AS value FROM pg_database WHERE datname = ANY($1)';
    expect(databases).toHaveLength(2);
    expect(await value(servers.postgresUrl(), sql, [databases])).toBe(0);
  });
});

describe('before its hooks have run', () => {
  const servers = testServers();
  // Registered while the file is read, long before any beforeAll.
  const early = (): string => servers.postgresUrl();
  const refusal = (() => {
    try {
      return early();
    } catch (error) {
      return error;
    }
  })();

  it('a suite has no address yet', () => {
    expect(refusal).toEqual(new Error('the suite has its database only from beforeAll on'));
    expect(early()).toMatch(/suite_/);
  });
});
