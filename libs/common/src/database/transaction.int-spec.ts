import { createHash } from 'node:crypto';
import { type QueryResultRow } from 'pg';
import { eventually, testServers } from '@app/common/testing';
import { type AfterCommit } from './after-commit';
import { type Database } from './database';
import { isCommitOutcomeUnknown, isOutage, isTransactionTooSlow, sqlStateOf } from './sql-errors';
import { statement } from './statement';
import { databaseFor, proxy, sql, terminate } from './database.testing';
import { type Transaction } from './transaction';

const servers = testServers();
const open: Database[] = [];

function database(...args: Parameters<typeof databaseFor>): Database {
  const made = databaseFor(...args);
  open.push(made);
  return made;
}

beforeAll(async () => {
  await sql(servers.postgresUrl(), 'CREATE TABLE public.note (id integer PRIMARY KEY, text text)');
  await sql(
    servers.postgresUrl(),
    `CREATE TABLE public.reply (id integer PRIMARY KEY,
       note_id integer REFERENCES public.note DEFERRABLE INITIALLY DEFERRED)`,
  );
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop(1_000)));
  await sql(servers.postgresUrl(), 'TRUNCATE public.note, public.reply');
});

const INSERT_NOTE = statement('spec_insert_note', 'INSERT INTO public.note VALUES ($1, $2)');
const INSERT_REPLY = statement('spec_insert_reply', 'INSERT INTO public.reply VALUES ($1, $2)');
const BACKEND = statement('spec_backend', 'SELECT pg_backend_pid() AS pid');
const COUNT_NOTES = statement('spec_count_notes', 'SELECT count(*)::integer AS notes FROM public.note');
const DIGEST = statement('spec_digest', 'SELECT md5($1::bytea) AS digest, length($2::bytea) AS empty');
const SLEEP = statement('spec_sleep', 'SELECT pg_sleep(60)');
const SHORT_TIMEOUT = statement('spec_timeout', `SELECT set_config('transaction_timeout', '100ms', true)`);

const notes = async (): Promise<number[]> =>
  (await sql<{ id: number }>(servers.postgresUrl(), 'SELECT id FROM public.note ORDER BY id')).map(
    ({ id }) => id,
  );

async function backendOf(source: { query: Transaction['query'] }): Promise<number> {
  const [row] = await source.query<{ pid: number }>(BACKEND);
  return row?.pid ?? 0;
}

const goneFrom = (pid: number): Promise<unknown> =>
  eventually(
    async () =>
      (await sql(servers.postgresUrl(), 'SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0,
    { what: 'the backend to end' },
  );

describe('a transaction', () => {
  it('commits what it did, with its result', async () => {
    const result = await database(servers.postgresUrl()).transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      await tx.query(INSERT_NOTE, [2, 'b']);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await notes()).toEqual([1, 2]);
  });

  it('leaves nothing when its work throws, and throws that', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const thrown = new Error('changed my mind');
    const work = db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      throw thrown;
    });
    await expect(work).rejects.toBe(thrown);
    expect(await notes()).toEqual([]);
    await db.query(INSERT_NOTE, [2, 'b']);
    expect(await notes()).toEqual([2]);
  });

  it('refuses statements after its end', async () => {
    const kept: Transaction[] = [];
    const db = database(servers.postgresUrl());
    await db.transaction((tx) => Promise.resolve(kept.push(tx)));
    await expect(kept[0]?.query(INSERT_NOTE, [1, 'a'])).rejects.toMatchObject({
      code: 'TRANSACTION_REQUIRED',
    });
  });

  it('is no success when a failed statement was passed over, since the server rolls back', async () => {
    const work = database(servers.postgresUrl()).transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      await tx.query(INSERT_NOTE, [1, 'again']).catch((error: unknown) => error);
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(sqlStateOf(await work.catch((error: unknown) => error))).toBe('23505');
    expect(await notes()).toEqual([]);
  });

  it('that the server refuses at COMMIT did not happen, for certain', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const error: unknown = await db
      .transaction((tx) => tx.query(INSERT_REPLY, [1, 99]))
      .catch((each: unknown) => each);
    expect(sqlStateOf(error)).toBe('23503');
    expect(isCommitOutcomeUnknown(error)).toBe(false);
    await db.query(INSERT_NOTE, [1, 'the pool works on']);
  });

  it('whose COMMIT was sent and not answered has an unknown outcome, here that it did happen', async () => {
    const { url, server } = await proxy(servers.postgresUrl(), 0, (data, { client, server: upstream }) => {
      if (!data.includes('COMMIT')) return;
      upstream.removeAllListeners('data');
      upstream.once('data', () => client.destroy());
    });
    const db = database(url, { poolSize: 1 });
    const error: unknown = await db
      .transaction((tx) => tx.query(INSERT_NOTE, [1, 'a']))
      .catch((each: unknown) => each);
    expect(isCommitOutcomeUnknown(error)).toBe(true);
    expect(isOutage(error)).toBe(true);
    expect(await notes()).toEqual([1]);
    await db.stop(1_000);
    server.close();
  });

  it('whose session ends before COMMIT is an outage of known outcome: nothing happened', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    for (let round = 0; round < 5; round += 1) {
      const error: unknown = await db
        .transaction(async (tx) => {
          await tx.query(INSERT_NOTE, [round, 'a']);
          const pid = await backendOf(tx);
          await terminate(servers.postgresUrl(), 'pid = $1', [pid]);
          await goneFrom(pid);
          if (round % 2 === 0) await tx.query(INSERT_NOTE, [round + 100, 'b']);
        })
        .catch((each: unknown) => each);
      expect(isOutage(error)).toBe(true);
      expect(isCommitOutcomeUnknown(error)).toBe(false);
      expect(sqlStateOf(error)).toBe('57P01');
    }
    expect(await notes()).toEqual([]);
    await db.query(INSERT_NOTE, [7, 'the pool works on']);
  });

  it('keeps the error of its work although the rollback fails, and drops that connection', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const pids: number[] = [];
    const work = db.transaction(async (tx) => {
      pids.push(await backendOf(tx));
      await terminate(servers.postgresUrl(), 'pid = $1', [pids[0]]);
      throw new Error('mine');
    });
    await expect(work).rejects.toThrow('mine');
    pids.push(await backendOf(db));
    expect(new Set(pids).size).toBe(2);
  });

  it.each(['under way', 'at rest'])(
    'that takes too long is told as such, a statement being %s',
    async (where) => {
      const error: unknown = await database(servers.postgresUrl())
        .transaction(async (tx) => {
          const pid = await backendOf(tx);
          await tx.query(SHORT_TIMEOUT);
          if (where === 'under way') await tx.query(SLEEP);
          await goneFrom(pid);
          await tx.query(BACKEND);
        })
        .catch((each: unknown) => each);
      expect(isTransactionTooSlow(error)).toBe(true);
    },
  );
});

describe('a question behind COMMIT', () => {
  const XID = statement(
    'spec_xid',
    'SELECT pg_current_xact_id()::text AS xid, pg_current_wal_insert_lsn()::text AS lsn',
  );
  const STATUS = statement(
    'spec_status',
    `SELECT pg_xact_status($1::xid8) AS status, pg_current_wal_flush_lsn() > $2::pg_lsn AS flushed,
       pg_backend_pid() AS pid`,
  );
  const DIVIDE = statement('spec_divide', 'SELECT 1 / $1::integer AS quotient');

  it('finds the commit done and on disk, in its session', async () => {
    const db = database(servers.postgresUrl());
    const [pid, after] = await db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      const [row] = await tx.query<{ xid: string; lsn: string }>(XID);
      const asked = tx.afterCommit(STATUS, [row?.xid, row?.lsn]);
      expect(() => asked.rows()).toThrow('not been committed');
      return [await backendOf(tx), asked] as const;
    });
    expect(after.rows()).toEqual([{ status: 'committed', flushed: true, pid }]);
  });

  it('has no answer and is not asked where COMMIT is refused, or not come to', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    for (const work of [
      (tx: Transaction) => tx.query(INSERT_REPLY, [1, 99]),
      (tx: Transaction) => Promise.resolve(tx.send(DIVIDE, [0])),
      (tx: Transaction) => tx.query(DIVIDE, [0]),
    ]) {
      const asked: AfterCommit<QueryResultRow>[] = [];
      const failing = db.transaction(async (tx) => {
        asked.push(tx.afterCommit(INSERT_NOTE, [1, 'asked']));
        await work(tx);
      });
      const error: unknown = await failing.catch((each: unknown) => each);
      expect(sqlStateOf(error)).toMatch(/^(23503|22012)$/);
      expect(isCommitOutcomeUnknown(error)).toBe(false);
      expect(() => asked[0]?.rows()).toThrow('not been committed');
    }
    expect(await notes()).toEqual([]);
  });

  it('has no answer where the server rolled back', async () => {
    const asked: AfterCommit<QueryResultRow>[] = [];
    const work = database(servers.postgresUrl()).transaction(async (tx) => {
      await tx.query(DIVIDE, [0]).catch((error: unknown) => error);
      asked.push(tx.afterCommit(COUNT_NOTES));
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(() => asked[0]?.rows()).toThrow('not been committed');
  });

  it('takes nothing back where it fails, and the session goes on', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const after = await db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      return tx.afterCommit(DIVIDE, [0]);
    });
    expect(() => after.rows()).toThrow('division by zero');
    expect(await notes()).toEqual([1]);
    expect(await db.query(DIVIDE, [1])).toEqual([{ quotient: 1 }]);
  });

  it('has no answer where that of COMMIT was lost', async () => {
    const { url, server } = await proxy(servers.postgresUrl(), 0, (data, { client, server: upstream }) => {
      if (!data.includes('COMMIT')) return;
      upstream.removeAllListeners('data');
      upstream.once('data', () => client.destroy());
    });
    const db = database(url, { poolSize: 1 });
    const asked: AfterCommit<QueryResultRow>[] = [];
    const work = db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      asked.push(tx.afterCommit(COUNT_NOTES));
    });
    expect(isCommitOutcomeUnknown(await work.catch((each: unknown) => each))).toBe(true);
    expect(() => asked[0]?.rows()).toThrow('not been committed');
    await db.stop(1_000);
    server.close();
  });
});

describe('statements that wait for nothing', () => {
  /** What the server received, in pieces as they came. */
  async function watched(): Promise<{ db: Database; pieces: string[]; end: () => Promise<void> }> {
    const pieces: string[] = [];
    const { url, server } = await proxy(servers.postgresUrl(), 0, (data) =>
      pieces.push(data.toString('latin1')),
    );
    const db = database(url, { poolSize: 1 });
    await db.query(BACKEND);
    pieces.length = 0;
    const end = async (): Promise<void> => {
      await db.stop(1_000);
      server.close();
    };
    return { db, pieces, end };
  }

  it('go out with BEGIN and with COMMIT, in their order', async () => {
    const { db, pieces, end } = await watched();
    const behind: AfterCommit<{ notes: number }>[] = [];
    for (const round of [0, 1]) {
      const found = await db.transaction(async (tx) => {
        const [, counted] = await Promise.all([
          tx.query(INSERT_NOTE, [2 * round, 'first']),
          tx.query<{ notes: number }>(COUNT_NOTES),
        ]);
        tx.send(INSERT_NOTE, [2 * round + 1, 'last']);
        const after = tx.afterCommit<{ notes: number }>(COUNT_NOTES);
        behind.push(after);
        return counted;
      });
      expect(found).toEqual([{ notes: 2 * round + 1 }]);
    }
    expect(behind.map((after) => after.rows())).toEqual([[{ notes: 2 }], [{ notes: 4 }]]);
    expect(pieces.map((piece) => /BEGIN|COMMIT/.exec(piece)?.[0])).toEqual([
      'BEGIN',
      'COMMIT',
      'BEGIN',
      'COMMIT',
    ]);
    expect(await notes()).toEqual([0, 1, 2, 3]);
    await end();
  });

  it('do not run behind one that fails, all of them tell its error, and they can be prepared later', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const answers: unknown[] = [];
    const work = db.transaction(async (tx) => {
      const settled = await Promise.allSettled([
        tx.query(INSERT_NOTE, [1, 'a']),
        tx.query(INSERT_NOTE, [1, 'again']),
        tx.query(COUNT_NOTES),
      ]);
      for (const one of settled) answers.push(one.status === 'rejected' ? one.reason : undefined);
      throw new Error('mine');
    });
    await expect(work).rejects.toThrow('mine');
    expect(answers.map(sqlStateOf)).toEqual([undefined, '23505', '23505']);
    expect(await db.query(COUNT_NOTES)).toEqual([{ notes: 0 }]);
  });

  it('take COMMIT with them where they fail: nothing happened, for certain, and the session goes on', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const error: unknown = await db
      .transaction(async (tx) => {
        await tx.query(INSERT_NOTE, [1, 'a']);
        tx.send(INSERT_NOTE, [1, 'again']);
      })
      .catch((each: unknown) => each);
    expect(sqlStateOf(error)).toBe('23505');
    expect(isCommitOutcomeUnknown(error)).toBe(false);
    await db.transaction((tx) => tx.query(INSERT_NOTE, [2, 'the pool works on']));
    expect(await notes()).toEqual([2]);
  });

  it('are not sent any more when the work gives up', async () => {
    const { db, pieces, end } = await watched();
    const late = new Set<unknown>();
    const work = db.transaction(async (tx) => {
      await tx.query(INSERT_NOTE, [1, 'a']);
      tx.query(INSERT_NOTE, [2, 'b']).catch((error: unknown) => late.add(error));
      throw new Error('mine');
    });
    await expect(work).rejects.toThrow('mine');
    expect(late.size).toBe(1);
    expect(pieces.filter((piece) => piece.includes('ROLLBACK'))).toHaveLength(1);
    await db.query(INSERT_NOTE, [3, 'the pool works on']);
    expect(await notes()).toEqual([3]);
    await end();
  });

  it('with parameters that cannot be written fail by themselves, with what stands behind them', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const unwritable = {
      toPostgres: () => {
        throw new RangeError('unwritable');
      },
    };
    const settled = await db.transaction((tx) =>
      Promise.allSettled([
        tx.query(INSERT_NOTE, [1, 'a']),
        tx.query(INSERT_NOTE, [2, unwritable]),
        tx.query(INSERT_NOTE, [3, 'c']),
      ]),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await notes()).toEqual([1]);
  });

  it('carry large binary parameters as they are', async () => {
    const db = database(servers.postgresUrl(), { poolSize: 1 });
    const large = Buffer.alloc(3_000_000, 'odograph');
    const [row] = await db.transaction((tx) =>
      tx.query<{ digest: string; empty: number }>(DIGEST, [large, Buffer.alloc(0)]),
    );
    expect(row).toEqual({ digest: createHash('md5').update(large).digest('hex'), empty: 0 });
  });
});
