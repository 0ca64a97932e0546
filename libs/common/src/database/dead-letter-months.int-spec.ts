import { randomBytes } from 'node:crypto';
import { testServers, withClient } from '@app/common/testing';
import { sql, urlOf } from './database.testing';
import { migrateDown, migrateUp } from './migrate';
import { MIGRATION_NAMES } from './migrations';

const servers = testServers();

interface Letter {
  readonly id: string;
  readonly topic: string;
  readonly place: string;
}

/** A letter that was given up so many months ago; with an id of its own where one is given. */
const addLetter = (
  url: string,
  { months, topic, id, isOpen = false }: { months: number; topic: string; id?: number; isOpen?: boolean },
): Promise<{ id: string }[]> =>
  sql(
    url,
    `INSERT INTO outbox.dead_letter (${id === undefined ? '' : 'id, '}failed_at, reason, retry_id, kind, part, topic, key, event_id,
       tenant_id, traceparent, payload, timer_id, created_at, deliveries, attempts, last_error, resolved_at, resolution)
     ${id === undefined ? '' : 'OVERRIDING SYSTEM VALUE'}
     SELECT ${id === undefined ? '' : `${id}, `}date_trunc('month', now()) - $1 * interval '1 month', 'rejected', 7, 'timer', 3, $2,
       'key', 'event', 'default', 'trace', '{}', 'timer', now(), 2, 1, 'why',
       CASE WHEN $3 THEN NULL ELSE now() END, CASE WHEN $3 THEN NULL ELSE 'skipped' END
     RETURNING id::text`,
    [months, topic, isOpen],
  );

const letters = (url: string): Promise<Letter[]> =>
  sql(
    url,
    `SELECT id::text, topic, replace(tableoid::regclass::text, 'outbox.', '') AS place FROM outbox.dead_letter ORDER BY dead_letter.id`,
  );

/** Name of the table of the month so many months ago. */
const tableOf = async (url: string, months: number): Promise<string> => {
  const [row] = await sql<{ name: string }>(
    url,
    `SELECT 'dead_letter_' || to_char(date_trunc('month', now()) - $1 * interval '1 month', 'YYYYMM') AS name`,
    [months],
  );
  return row?.name ?? '';
};

const contents = (url: string): Promise<unknown[]> =>
  sql(url, 'SELECT * FROM outbox.dead_letter ORDER BY id');

describe('the conversion of the dead letters to months', () => {
  const admin = (): string => urlOf(servers.postgresUrl(), 'postgres');
  const name = `letters_${randomBytes(6).toString('hex')}`;
  let url: string;
  /** This migration and all after it. */
  const steps = MIGRATION_NAMES.length - MIGRATION_NAMES.indexOf('DeadLetterMonths1790000000009');

  beforeEach(async () => {
    await sql(admin(), `CREATE DATABASE ${name}`);
    url = urlOf(admin(), name);
    await migrateUp(url);
    await migrateDown(url, { steps });
  }, 30_000);
  afterEach(() => sql(admin(), `DROP DATABASE ${name} WITH (FORCE)`));

  const relkind = async (): Promise<unknown> =>
    (await sql(url, `SELECT relkind::text FROM pg_class WHERE oid = 'outbox.dead_letter'::regclass`))[0];

  it('keeps every letter with its id and gives the next one an id behind them', async () => {
    expect(await relkind()).toEqual({ relkind: 'r' });
    await addLetter(url, { months: 0, topic: 'this month', id: 3 });
    await addLetter(url, { months: 5, topic: 'long ago', id: 17 });
    await addLetter(url, { months: 1, topic: 'last month', id: 40, isOpen: true });
    const before = await contents(url);

    await migrateUp(url);
    expect(await relkind()).toEqual({ relkind: 'p' });
    expect(await contents(url)).toEqual(before);
    expect(await letters(url)).toEqual([
      { id: '3', topic: 'this month', place: await tableOf(url, 0) },
      { id: '17', topic: 'long ago', place: await tableOf(url, 5) },
      { id: '40', topic: 'last month', place: await tableOf(url, 1) },
    ]);
    expect(await addLetter(url, { months: 0, topic: 'next' })).toEqual([{ id: '41' }]);
  }, 30_000);

  it('comes back as the plain table, with the letters of every month and of DEFAULT', async () => {
    await migrateUp(url);
    await addLetter(url, { months: 0, topic: 'this month', id: 8 });
    await addLetter(url, { months: 4, topic: 'in DEFAULT', id: 9, isOpen: true });
    expect((await letters(url))[1]).toMatchObject({ place: 'dead_letter_default' });
    const before = await contents(url);

    await migrateDown(url, { steps });
    expect(await relkind()).toEqual({ relkind: 'r' });
    expect(await contents(url)).toEqual(before);
    expect(await addLetter(url, { months: 0, topic: 'next' })).toEqual([{ id: '10' }]);
    expect(await sql(url, `SELECT FROM pg_class WHERE relname ~ '^dead_letter_(default|[0-9]+)$'`)).toEqual(
      [],
    );
  }, 30_000);

  it('starts at 1 where there was no letter', async () => {
    await migrateUp(url);
    expect(await addLetter(url, { months: 0, topic: 'first' })).toEqual([{ id: '1' }]);
  }, 30_000);
});

describe('the months of dead letters', () => {
  const owner = (): string => servers.postgresUrl();
  const relay = (): string => servers.postgresUrl('odograph_relay');
  const ensure = async (ahead: number): Promise<unknown> =>
    (await sql(relay(), 'SELECT outbox.ensure_dead_letter_months($1) AS made', [ahead]))[0]?.['made'];
  const drop = async (keep: string): Promise<unknown> =>
    (await sql(relay(), 'SELECT outbox.drop_dead_letter_months($1) AS dropped', [keep]))[0]?.['dropped'];

  beforeEach(() => sql(owner(), 'TRUNCATE outbox.dead_letter'));

  it('take what DEFAULT has caught of them, from the oldest letter on, once', async () => {
    await addLetter(owner(), { months: 3, topic: 'old' });
    await addLetter(owner(), { months: -2, topic: 'early' });
    await addLetter(owner(), { months: -5, topic: 'much too early' });
    expect((await letters(owner())).map(({ place }) => place)).toEqual(Array(3).fill('dead_letter_default'));
    // Those of 3, 2 and 1 months ago, and the one after the next: the migration has made this and the next.
    expect(await ensure(2)).toBe(4);
    expect((await letters(owner())).map(({ topic, place }) => [topic, place])).toEqual([
      ['old', await tableOf(owner(), 3)],
      ['early', await tableOf(owner(), -2)],
      ['much too early', 'dead_letter_default'],
    ]);
    expect(await ensure(2)).toBe(0);
    const indexes = await sql(
      owner(),
      `SELECT FROM pg_indexes WHERE schemaname = 'outbox' AND tablename = $1`,
      [await tableOf(owner(), 3)],
    );
    expect(indexes).toHaveLength(3);
  });

  it('go whole once they are old, but not as long as a letter in them is unresolved', async () => {
    await addLetter(owner(), { months: 5, topic: 'resolved' });
    await addLetter(owner(), { months: 4, topic: 'open', isOpen: true });
    await addLetter(owner(), { months: 2, topic: 'kept' });
    await ensure(1);
    const dropped = await drop('75 days');
    expect(dropped).toContain(await tableOf(owner(), 5));
    expect(dropped).not.toContain(await tableOf(owner(), 4));
    expect((await letters(owner())).map(({ topic }) => topic)).toEqual(['open', 'kept']);

    await sql(
      servers.postgresUrl('odograph_ops'),
      `UPDATE outbox.dead_letter SET resolved_at = now(), resolution = 'skipped' WHERE topic = 'open'`,
    );
    expect(await drop('75 days')).toEqual([await tableOf(owner(), 4)]);
    expect(await drop('75 days')).toEqual([]);
    expect((await letters(owner())).map(({ topic }) => topic)).toEqual(['kept']);
  });

  it('stay while they are in use, for the next time', async () => {
    await addLetter(owner(), { months: 6, topic: 'read' });
    await ensure(1);
    await withClient(servers.postgresUrl('odograph_ops'), async (reader) => {
      await reader.query('BEGIN');
      await reader.query('SELECT count(*) FROM outbox.dead_letter');
      expect(await drop('140 days')).toEqual([]);
      await reader.query('COMMIT');
    });
    expect(await drop('140 days')).toContain(await tableOf(owner(), 6));
  });

  it('are kept a day at least', async () => {
    await expect(drop('23 hours')).rejects.toThrow('at least a day');
  });
});
