import { Client, Pool } from 'pg';
import { type DataSource } from 'typeorm';
import { createDataSource, type Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { append, appendBatch } from './append';
import { type OutboxTransaction } from './open-transaction';
import { draft, outboxDatabase, spec } from './outbox.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => Promise.all([admin.stop(1_000), dataSource.destroy(), pool.end(), client.end()]));
const servers = testServers();
let admin: Database;
let dataSource: DataSource;
let pool: Pool;
let client: Client;

beforeAll(async () => {
  const url = servers.postgresUrl('odograph_processor');
  admin = outboxDatabase(servers.postgresUrl());
  dataSource = await createDataSource(url).initialize();
  pool = new Pool({ connectionString: url, max: 1 });
  client = new Client({ connectionString: url });
  await client.connect();
});
afterEach(() => admin.query(spec('TRUNCATE outbox.message, outbox.retry CASCADE')));

const stored = async (): Promise<unknown[]> =>
  (
    await admin.query<{ event_id: string }>(spec('SELECT event_id::text FROM outbox.message ORDER BY id'))
  ).map(({ event_id }) => event_id);

const REFUSED = { code: 'TRANSACTION_REQUIRED' };

describe("In TypeORM's transaction", () => {
  it('a message of its EntityManager commits with it, timers too, and another rolls back with it', async () => {
    const [first, second] = [draft(), draft()];
    await dataSource.transaction(async (manager) => {
      await append(manager, first);
      await appendBatch(manager, [second]);
      expect(await append(manager, draft(), { activateIn: 60_000, timerId: 't' })).toBe('set');
      expect(await append(manager, draft(), { activateIn: 60_000, timerId: 't' })).toBe('exists');
    });
    expect(await stored()).toEqual([first.eventId, second.eventId]);
    const failing = dataSource.transaction(async (manager) => {
      await append(manager, draft());
      throw new Error('the edit failed');
    });
    await expect(failing).rejects.toThrow('the edit failed');
    expect(await stored()).toHaveLength(2);
  });

  it('a nested transaction that is rolled back takes its messages alone', async () => {
    const runner = dataSource.createQueryRunner();
    const [outer, inner, after] = [draft(), draft(), draft()];
    await runner.startTransaction();
    await append(runner, outer);
    await runner.startTransaction();
    await append(runner.manager, inner);
    await runner.rollbackTransaction();
    await append(runner, after);
    await runner.commitTransaction();
    await runner.release();
    expect(await stored()).toEqual([outer.eventId, after.eventId]);
  });

  it('is required: not the manager of the data source, a runner before, after, and once it is released', async () => {
    await expect(append(dataSource.manager, draft())).rejects.toMatchObject(REFUSED);
    const runner = dataSource.createQueryRunner();
    await expect(append(runner, draft())).rejects.toMatchObject(REFUSED);
    await runner.startTransaction();
    await runner.commitTransaction();
    await expect(append(runner.manager, draft())).rejects.toMatchObject(REFUSED);
    await runner.release();
    await expect(append(runner, draft())).rejects.toMatchObject(REFUSED);
    const kept = await dataSource.transaction((manager) => Promise.resolve(manager));
    await expect(append(kept, draft())).rejects.toMatchObject(REFUSED);
    expect(await stored()).toEqual([]);
  });
});

describe('In the transaction of a pg client', () => {
  it('a message commits with it, and one behind a savepoint that is rolled back does not', async () => {
    const [outer, inner, after] = [draft(), draft(), draft()];
    await client.query('BEGIN');
    await append(client, outer);
    await client.query('SAVEPOINT inner_work');
    await append(client, inner);
    await client.query('ROLLBACK TO SAVEPOINT inner_work');
    await append(client, after);
    await client.query('COMMIT');
    expect(await stored()).toEqual([outer.eventId, after.eventId]);
  });

  it('is required: not a client at rest, before its first statement, after COMMIT, nor the pool', async () => {
    const fresh = new Client({ connectionString: servers.postgresUrl('odograph_processor') });
    await expect(append(fresh, draft())).rejects.toMatchObject(REFUSED);
    await fresh.connect();
    await expect(append(fresh, draft())).rejects.toMatchObject(REFUSED);
    await fresh.query('BEGIN');
    await fresh.query('COMMIT');
    await expect(append(fresh, draft())).rejects.toMatchObject(REFUSED);
    await fresh.end();
    const pooled = await pool.connect();
    await expect(append(pooled, draft())).rejects.toMatchObject(REFUSED);
    pooled.release();
    for (const none of [pool, null, undefined, {}, 'BEGIN'] as unknown as OutboxTransaction[]) {
      await expect(append(none, draft())).rejects.toMatchObject(REFUSED);
    }
    expect(await stored()).toEqual([]);
  });

  it("that has failed already is the server's to refuse", async () => {
    await client.query('BEGIN');
    await expect(client.query('SELECT 1/0')).rejects.toThrow('division');
    await expect(append(client, draft())).rejects.toMatchObject({ code: '25P02' });
    await client.query('ROLLBACK');
    expect(await stored()).toEqual([]);
  });

  it('goes through a client of a pool as well', async () => {
    const message = draft();
    const pooled = await pool.connect();
    await pooled.query('BEGIN');
    await append(pooled, message);
    await pooled.query('COMMIT');
    pooled.release();
    expect(await stored()).toEqual([message.eventId]);
  });
});
