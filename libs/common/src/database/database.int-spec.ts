import { eventually, freePort, testServers } from '@app/common/testing';
import { type Database } from './database';
import { isOutage } from './sql-errors';
import { statement } from './statement';
import { databaseFor, recordingLogger, sql, terminate } from './database.testing';
import { type Transaction } from './transaction';

const servers = testServers();
const open: Database[] = [];

function database(...args: Parameters<typeof databaseFor>): Database {
  const made = databaseFor(...args);
  open.push(made);
  return made;
}

beforeAll(() => sql(servers.postgresUrl(), 'CREATE TABLE public.note (id integer PRIMARY KEY, text text)'));
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop(1_000)));
  await sql(servers.postgresUrl(), 'TRUNCATE public.note');
});

const INSERT_NOTE = statement('spec_insert_note', 'INSERT INTO public.note VALUES ($1, $2)');
const BACKEND = statement('spec_backend', 'SELECT pg_backend_pid() AS pid');
const SLEEP = statement('spec_sleep', 'SELECT pg_sleep(60)');

const notes = async (): Promise<number[]> =>
  (await sql<{ id: number }>(servers.postgresUrl(), 'SELECT id FROM public.note ORDER BY id')).map(
    ({ id }) => id,
  );

async function backendOf(source: { query: Transaction['query'] }): Promise<number> {
  const [row] = await source.query<{ pid: number }>(BACKEND);
  return row?.pid ?? 0;
}

describe('values', () => {
  it('come as JavaScript can carry them', async () => {
    const [row] = await database(servers.postgresUrl()).query(
      statement(
        'spec_values',
        `SELECT 9007199254740993::bigint AS int8, '18446744073709551615'::xid8 AS xid8, 1.10::numeric AS numeric,
           '2025-01-02T03:04:05.678Z'::timestamptz AS time, 'infinity'::timestamptz AS never,
           ARRAY[1, NULL, -9007199254740993]::bigint[] AS array, NULL::bigint AS nothing`,
      ),
    );
    expect(row).toEqual({
      int8: 9007199254740993n,
      xid8: 18446744073709551615n,
      numeric: '1.10',
      time: new Date('2025-01-02T03:04:05.678Z'),
      never: Infinity,
      array: [1n, null, -9007199254740993n],
      nothing: null,
    });
  });

  it('go in as they come out', async () => {
    const [row] = await database(servers.postgresUrl()).query(
      statement(
        'spec_roundtrip',
        'SELECT $1::bigint AS int8, $2::xid8 AS xid8, $3::bytea AS bytes, $4::bigint[] AS array, $5::timestamptz AS time',
      ),
      [-(2n ** 63n), 2n ** 64n - 1n, Buffer.from([0, 255]), [1n, 2n], new Date(1_700_000_000_123)],
    );
    expect(row).toEqual({
      int8: -(2n ** 63n),
      xid8: 2n ** 64n - 1n,
      bytes: Buffer.from([0, 255]),
      array: [1n, 2n],
      time: new Date(1_700_000_000_123),
    });
  });
});

describe('the pool', () => {
  it('survives the end of idle sessions, and says so', async () => {
    const { logger, lines } = recordingLogger();
    const db = database(servers.postgresUrl(), { logger, applicationName: 'idle-spec' });
    await Promise.all([db.query(BACKEND), db.query(BACKEND), db.query(BACKEND)]);
    expect(await terminate(servers.postgresUrl(), `application_name = 'idle-spec'`)).toBeGreaterThan(0);
    await eventually(() => lines.some(({ event }) => event === 'database_idle_connection_lost'), {
      what: 'the log line',
    });
    expect(await backendOf(db)).toBeGreaterThan(0);
  });

  it('gives up a connection whose server does not answer, since its answer would come to the next caller', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1, answerTimeoutMs: 100 });
    const mute = await backendOf(db);
    const error: unknown = await db.query(SLEEP).catch((each: unknown) => each);
    expect(isOutage(error)).toBe(true);
    expect(await backendOf(db)).not.toBe(mute);
    await terminate(servers.postgresUrl(), 'pid = $1', [mute]);
  });

  it('reuses a connection after an error that is no fault of it', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const before = await backendOf(db);
    await db.query(INSERT_NOTE, [1, 'a']);
    await expect(db.query(INSERT_NOTE, [1, 'a'])).rejects.toMatchObject({ code: '23505' });
    expect(await backendOf(db)).toBe(before);
  });

  it.each([
    [true, ['spec_prepared']],
    [false, []],
  ])('with prepared statements %s has %j of them on the server', async (usePreparedStatements, expected) => {
    const db = database(servers.postgresUrl(), { poolSize: 1, usePreparedStatements });
    await db.query(statement('spec_prepared', 'SELECT $1::integer AS n'), [1]);
    const rows = await db.transaction((tx) =>
      tx.query<{ name: string }>(
        statement('spec_list', `SELECT name FROM pg_prepared_statements WHERE name = 'spec_prepared'`),
      ),
    );
    expect(rows.map(({ name }) => name)).toEqual(expected);
  });
});

describe('stop', () => {
  it('bears being called before start, twice and while start is under way', async () => {
    const idle = databaseFor(servers.postgresUrl());
    await idle.stop(1_000);
    await idle.stop(1_000);

    const nowhere = new URL(servers.postgresUrl());
    nowhere.port = String(await freePort());
    const starting = databaseFor(nowhere.href, { startupTimeoutMs: 60_000 });
    const outcome = starting.start().catch((error: unknown) => error);
    await starting.stop(1_000);
    expect(await outcome).toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
  });

  it('waits for a transaction that ends in time', async () => {
    const db = databaseFor(servers.postgresUrl());
    const stops: Promise<void>[] = [];
    const work = db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      stops.push(db.stop(30_000));
      await tx.query(INSERT_NOTE, [2, 'b']);
    });
    await work;
    await Promise.all(stops);
    expect(await notes()).toEqual([1, 2]);
  });

  it('cuts off what overruns the budget, and the server rolls it back', async () => {
    const db = databaseFor(servers.postgresUrl());
    const inside: number[] = [];
    const work = db
      .transaction(async (tx) => {
        await tx.query(INSERT_NOTE, [1, 'a']);
        inside.push(await backendOf(tx));
        await tx.query(SLEEP);
      })
      .catch((error: unknown) => error);
    await eventually(() => inside.length > 0, { what: 'the transaction to be under way' });
    await db.stop(200);
    expect(isOutage(await work)).toBe(true);
    expect(await notes()).toEqual([]);
    await terminate(servers.postgresUrl(), 'pid = $1', [inside[0]]);
  });
});
