import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { eventually } from './eventually';
import { repositoryRoot } from './paths';
import { startPostgres, type PostgresServer } from './postgres';
import { childrenOf, commandLineOf, isRunning } from './process-table';
import { startRedis, type RedisServer } from './redis';

const folder = mkdtempSync(join(tmpdir(), 'odograph-servers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  await redis.connect();
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

describe('startPostgres', () => {
  const dataDir = join(folder, 'pg');
  const start = (): Promise<PostgresServer> => startPostgres({ dataDir, durable: true });
  let server: PostgresServer;
  afterEach(() => server.stop());

  it('makes a server as the demo wants it, on loopback only, and leaves no process', async () => {
    server = await start();
    const [settings] = await query(
      server.url(),
      `SELECT current_setting('server_version_num')::int >= 170000 AS new_enough, current_setting('fsync') AS fsync,
        current_setting('synchronous_commit') AS sync, current_setting('shared_buffers') AS buffers,
        current_setting('max_wal_size') AS wal, current_setting('track_commit_timestamp') AS commit_time,
        current_setting('timezone') AS zone, current_setting('max_connections') AS connections,
        current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets,
        current_setting('server_encoding') AS encoding`,
    );
    expect(settings).toEqual({
      new_enough: true,
      ...{ fsync: 'on', sync: 'on', buffers: '128MB', wal: '2GB', commit_time: 'on', zone: 'UTC' },
      ...{ connections: '100', addresses: '127.0.0.1', sockets: '', encoding: 'UTF8' },
    });
    const family = [server.pid, ...childrenOf(server.pid)];
    expect(family.length).toBeGreaterThan(3);
    await server.stop();
    expect(family.filter(isRunning)).toEqual([]);
  });

  it('keeps its data over a stop and, committed, over a SIGKILL', async () => {
    server = await start();
    await query(server.url(), 'CREATE TABLE kept (n int)');
    await server.stop();
    server = await start();
    await query(server.url(), 'INSERT INTO kept VALUES (1)');
    const family = [server.pid, ...childrenOf(server.pid)];
    await server.kill();
    expect(family.filter(isRunning)).toEqual([]);
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(true);
    server = await start();
    expect(await query(server.url(), 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('starts although postmaster.pid names a process that is somebody else by now', async () => {
    server = await start();
    await server.kill();
    writeFileSync(
      join(dataDir, 'postmaster.pid'),
      `${process.ppid}\n${dataDir}\n1\n1\n\n127.0.0.1\n1 1\nready\n`,
    );
    server = await start();
    expect(await query(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder that a living server uses, and leaves that server alone', async () => {
    server = await start();
    await expect(start()).rejects.toThrow(`${dataDir} is in use by process ${process.pid}`);
    expect(await query(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it("fails with the server's own words when a setting is wrong, and can start right after", async () => {
    const wrong = startPostgres({ dataDir, durable: true, settings: { work_mem: 'plenty' } });
    await expect(wrong).rejects.toThrow(/invalid value for parameter "work_mem"/);
    server = await start();
  });

  it('is faster but keeps the order of commits where the disk does not matter', async () => {
    server = await startPostgres({ dataDir: join(folder, 'pg-fast'), durable: false });
    expect(
      await query(server.url(), "SELECT current_setting('fsync') f, current_setting('synchronous_commit') s"),
    ).toEqual([{ f: 'off', s: 'on' }]);
  });
});

describe('startRedis', () => {
  const dir = join(folder, 'redis');
  const start = (): Promise<RedisServer> => startRedis({ dir, appendfsync: 'always' });
  let server: RedisServer;
  afterEach(() => server.stop());

  it('runs with an append-only file, without snapshots or eviction, on loopback only', async () => {
    server = await start();
    const config = await withRedis(server.url, (redis) =>
      redis.config('GET', 'appendonly', 'appendfsync', 'save', 'maxmemory-policy', 'bind', 'protected-mode'),
    );
    expect(config).toEqual(expect.arrayContaining(['always', 'noeviction', '127.0.0.1', 'save', '']));
    expect(config).not.toContain('no');
    await server.stop();
    expect(isRunning(server.pid)).toBe(false);
  });

  it('keeps what it answered over a stop and over a SIGKILL', async () => {
    server = await start();
    await withRedis(server.url, (redis) => redis.set('a', '1'));
    await server.stop();
    server = await start();
    await withRedis(server.url, (redis) => redis.set('b', '2'));
    await server.kill();
    expect(isRunning(server.pid)).toBe(false);
    server = await start();
    expect(await withRedis(server.url, (redis) => redis.mget('a', 'b'))).toEqual(['1', '2']);
  });

  it('refuses a folder that a living server uses', async () => {
    server = await start();
    await expect(start()).rejects.toThrow(`${dir} is in use by process ${process.pid}`);
  });

  it('passes its own flags on', async () => {
    server = await startRedis({
      dir: join(folder, 'redis-small'),
      appendfsync: 'everysec',
      extraArgs: ['--maxmemory', '64mb'],
    });
    const answer = await withRedis(server.url, (redis) => redis.config('GET', 'maxmemory'));
    expect(answer).toEqual(['maxmemory', String(64 * 1024 * 1024)]);
  });
});

describe('when the process that started them dies', () => {
  const own = join(folder, 'orphan');
  let started: number[] = [];
  afterEach(() => started.filter(isRunning).forEach((pid) => process.kill(pid, 'SIGKILL')));

  /** A process that starts both servers, prints their pids and waits to be killed. */
  async function startInChild(): Promise<{ owner: number; servers: number[]; end: () => Promise<void> }> {
    const root = repositoryRoot();
    const child = spawn(process.execPath, ['-e', HOST, join(root, 'libs/common/src/testing'), own], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as unknown[];
    const servers = (started = String(line).trim().split(' ').map(Number));
    return {
      owner: child.pid ?? 0,
      servers,
      end: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  it('ends them, even after SIGKILL', async () => {
    const { servers, end } = await startInChild();
    expect(servers.filter(isRunning)).toHaveLength(2);
    await end();
    await eventually(() => !servers.some(isRunning), { what: 'the watchdogs to end the servers' });
  });

  it('stops a server that was left over without its watchdog, before it uses the folder', async () => {
    const { owner, servers, end } = await startInChild();
    // Without their watchdogs, as if something had killed those too.
    const watchdogs = childrenOf(owner).filter((pid) => commandLineOf(pid)?.includes('odograph-watchdog'));
    expect(watchdogs).toHaveLength(2);
    execFileSync('kill', ['-9', ...watchdogs.map(String)]);
    await end();
    expect(servers.filter(isRunning)).toHaveLength(2);
    const postgres = await startPostgres({ dataDir: join(own, 'pg'), durable: false });
    const redis = await startRedis({ dir: join(own, 'redis'), appendfsync: 'always' });
    expect(servers.filter(isRunning)).toEqual([]);
    expect(await query(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all([postgres.stop(), redis.stop()]);
  });
});

/** Compiles the sources on the fly, as Jest does, since there may be no build. */
const HOST = `
const { transformFileSync } = require('@swc/core');
require.extensions['.ts'] = (module, file) => module._compile(
  transformFileSync(file, { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }).code, file);
const [, folder, own] = process.argv;
const { startPostgres } = require(folder + '/postgres.ts');
const { startRedis } = require(folder + '/redis.ts');
Promise.all([
  startPostgres({ dataDir: own + '/pg', durable: false }),
  startRedis({ dir: own + '/redis', appendfsync: 'always' }),
]).then(([pg, redis]) => process.stdout.write(pg.pid + ' ' + redis.pid + '\\n'));
`;
