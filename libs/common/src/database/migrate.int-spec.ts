import { randomBytes } from 'node:crypto';
import { testServers } from '@app/common/testing';
import { migrateAdopt, migrateDown, migrateUp, migrationStatus } from './migrate';
import { MIGRATION_NAMES } from './migrations';
import { printSchema } from './schema-print';
import { databaseFor, sql, textWith, urlOf } from './database.testing';

const servers = testServers();
let admin: string;
let url: string;
const made: string[] = [];

beforeAll(() => {
  admin = urlOf(servers.postgresUrl(), 'postgres');
});

beforeEach(async () => {
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await sql(admin, `CREATE DATABASE ${name}`);
  made.push(name);
  url = urlOf(admin, name);
});

afterAll(async () => {
  for (const name of made) await sql(admin, `DROP DATABASE ${name} WITH (FORCE)`);
});

const schemas = async (): Promise<string[]> => {
  const rows = await sql<{ name: string }>(
    url,
    `SELECT nspname AS name FROM pg_namespace WHERE nspname IN ('telemetry', 'outbox', 'notification', 'ops')`,
  );
  return rows.map(({ name }) => name).sort();
};

const settingsOf = async (role: string): Promise<string[]> => {
  const rows = await sql<{ setting: string }>(
    url,
    `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
     WHERE d.datname = current_database() AND s.setrole = $1::regrole`,
    [role],
  );
  return rows.map(({ setting }) => setting);
};

const print = async (): Promise<string> => {
  const database = databaseFor(url);
  try {
    return await printSchema(database);
  } finally {
    await database.stop(1_000);
  }
};

describe('migrations', () => {
  it('go up, down and up again to the same schema', async () => {
    expect(await migrationStatus(url)).toEqual({ applied: [], pending: MIGRATION_NAMES, unknown: [] });
    expect(await migrateUp(url)).toEqual({ applied: MIGRATION_NAMES, partitionsMade: 4 });
    expect(await migrationStatus(url)).toEqual({ applied: MIGRATION_NAMES, pending: [], unknown: [] });
    const first = await print();

    expect(await migrateDown(url, { steps: 99 })).toEqual({ reverted: [...MIGRATION_NAMES].reverse() });
    expect(await schemas()).toEqual([]);
    expect(await settingsOf('odograph_processor')).toEqual([]);
    expect(await migrationStatus(url)).toEqual({ applied: [], pending: MIGRATION_NAMES, unknown: [] });

    await migrateUp(url);
    expect(await print()).toBe(first);
    expect(await schemas()).toEqual(['notification', 'ops', 'outbox', 'telemetry']);
  }, 30_000);

  it('are applied once when two start at once: the other waits and finds nothing to do', async () => {
    const waited: string[] = [];
    const results = await Promise.all(
      ['a', 'b'].map((name) => migrateUp(url, { onWaiting: () => waited.push(name) })),
    );
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, MIGRATION_NAMES.length]);
    expect(results.map(({ partitionsMade }) => partitionsMade).sort()).toEqual([0, 4]);
    expect(waited).toHaveLength(1);
  }, 30_000);

  it('give up after the wait that they were given', async () => {
    const holder = migrateUp(url, { onWaiting: () => undefined });
    await sql(url, 'SELECT 1');
    const second = migrateUp(url, { waitMs: 0 });
    const [first, other] = await Promise.allSettled([holder, second]);
    const refused = [first, other].filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason: { message: textWith('another migration') } });
  }, 30_000);

  it('leave nothing half done when their session is killed near the end', async () => {
    await sql(
      url,
      `CREATE FUNCTION public.cut() RETURNS event_trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$`,
    );
    await sql(
      url,
      `CREATE EVENT TRIGGER cut ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION public.cut()`,
    );
    await expect(migrateUp(url)).rejects.toMatchObject({ code: '57P01' });
    expect(await schemas()).toEqual([]);
    expect(await migrationStatus(url)).toMatchObject({ applied: [], pending: MIGRATION_NAMES });

    await sql(url, 'DROP EVENT TRIGGER cut');
    expect((await migrateUp(url)).applied).toEqual(MIGRATION_NAMES);
  }, 30_000);

  it('refuse a database that a newer version has migrated', async () => {
    await migrateUp(url);
    await sql(
      url,
      `INSERT INTO public.odograph_migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    );
    expect(await migrationStatus(url)).toMatchObject({ unknown: ['Later9999999999999'] });
    await expect(migrateUp(url)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: textWith('Later9999999999999'),
    });
  }, 30_000);

  it('set the role settings again where a copy came without them, and keep what a deployer chose', async () => {
    await migrateUp(url);
    expect(await settingsOf('odograph_relay')).toEqual(
      expect.arrayContaining(['transaction_timeout=8s', 'lock_timeout=5s']),
    );
    const database = new URL(url).pathname.slice(1);
    await sql(url, `ALTER ROLE odograph_relay IN DATABASE ${database} RESET ALL`);
    await sql(url, `ALTER ROLE odograph_relay IN DATABASE ${database} SET transaction_timeout = '3s'`);
    expect(await migrateUp(url)).toEqual({ applied: [], partitionsMade: 0 });
    const settings = await settingsOf('odograph_relay');
    expect(settings).toEqual(expect.arrayContaining(['lock_timeout=5s', 'transaction_timeout=3s']));
    expect(settings.filter((setting) => setting.startsWith('transaction_timeout'))).toHaveLength(1);
  }, 30_000);

  it('go up and down one at a time: each takes back all that it has made', async () => {
    await migrateUp(url);
    const prints = [await print()];
    while (prints.length < MIGRATION_NAMES.length) {
      await migrateDown(url, { steps: 1 });
      prints.unshift(await print());
    }
    expect(new Set(prints).size).toBe(MIGRATION_NAMES.length);
    await migrateUp(url);
    expect(await print()).toBe(prints.at(-1));
  }, 30_000);
});

describe('an unknown speed', () => {
  const unknownFrom = MIGRATION_NAMES.indexOf('SpeedUnknown1790000000013');
  const steps = MIGRATION_NAMES.length - unknownFrom;
  /** One position of today, which has a table of its own, and one of long ago. */
  const insert = (digest: number, speed: number | null) =>
    sql(
      url,
      `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m, angle_deg,
         satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
       SELECT 1, time, $1, now(), 1, 2, 3, 4, 5, $2, true, 0, 0, 7, 0, ''
       FROM unnest(ARRAY[now(), '2001-01-01']) AS time`,
      [digest, speed],
    );
  const speeds = async (table: string) =>
    (
      await sql<{ speed: number | null }>(
        url,
        `SELECT speed_kmh AS speed FROM telemetry.${table} ORDER BY speed_kmh, tableoid::regclass::text`,
      )
    ).map(({ speed }) => speed);

  it('is kept, is 0 for the release before, and may be kept again where there are tables already', async () => {
    await migrateUp(url);
    await sql(url, `INSERT INTO telemetry.device (imei, name) VALUES ('356307042441013', 'kept')`);
    await sql(
      url,
      `INSERT INTO telemetry.event (event_id, device_id, kind, reference, reference_version, occurred_at, confirmed_time,
         confirmed_digest, longitude, latitude, speed_kmh, details, historical)
       SELECT gen_random_uuid(), 1, 'geofence.entered', 'r', 1, now(), now(), 1, 1, 2, speed, '{}', false
       FROM unnest(ARRAY[70, NULL]) AS speed`,
    );
    await insert(1, null);
    await insert(2, 50);
    expect([await speeds('position'), await speeds('event')]).toEqual([
      [50, 50, null, null],
      [70, null],
    ]);
    await migrateDown(url, { steps });
    expect([await speeds('position'), await speeds('event')]).toEqual([
      [0, 0, 50, 50],
      [0, 70],
    ]);
    await expect(insert(3, null)).rejects.toMatchObject({ code: '23502' });
    await migrateUp(url);
    await insert(3, null);
    expect(await speeds('position')).toEqual([0, 0, 50, 50, null, null]);
  }, 30_000);
});

describe('adopting a database', () => {
  const foreign = async (): Promise<unknown[]> => [
    ...(await sql(url, 'SELECT * FROM public.invoice')),
    ...(await sql(url, 'SELECT * FROM billing.account')),
  ];
  /** A database whose schema is there and whose migrations nobody recorded, beside tables of others. */
  beforeEach(async () => {
    await migrateUp(url);
    await sql(url, 'DROP TABLE public.odograph_migration');
    await sql(
      url,
      `CREATE TABLE public.invoice AS SELECT 7 AS amount;
       CREATE SCHEMA billing;
       CREATE TABLE billing.account AS SELECT 'ann' AS name;
       INSERT INTO telemetry.device (imei, name) VALUES ('356307042441013', 'kept')`,
    );
  });

  it('records what is there, runs nothing and leaves tables of others alone', async () => {
    const before = await print();
    expect(await migrateAdopt(url)).toEqual({ adopted: MIGRATION_NAMES, differences: [] });
    expect(await migrationStatus(url)).toEqual({ applied: MIGRATION_NAMES, pending: [], unknown: [] });
    expect(await print()).toBe(before);
    expect(await foreign()).toEqual([{ amount: 7 }, { name: 'ann' }]);
    expect(await sql(url, 'SELECT name FROM telemetry.device')).toEqual([{ name: 'kept' }]);
    const asApp = new URL(url);
    asApp.username = 'odograph_readonly';
    const database = databaseFor(asApp.href);
    await database.start();
    await database.stop(1_000);
    expect(await migrateAdopt(url)).toEqual({ adopted: [], differences: [] });
    expect((await migrateUp(url)).applied).toEqual([]);
  }, 30_000);

  it('refuses one that is not the same, tells the differences and records nothing', async () => {
    await sql(url, 'ALTER TABLE telemetry.device DROP COLUMN enabled');
    await sql(url, 'CREATE TABLE ops.mine (a integer)');
    const { adopted, differences } = await migrateAdopt(url);
    expect(adopted).toEqual([]);
    expect(differences.map(({ object }) => object)).toEqual(
      expect.arrayContaining(['column telemetry.device.enabled', 'table ops.mine']),
    );
    expect(await migrationStatus(url)).toMatchObject({ applied: [], pending: MIGRATION_NAMES });
    expect(await foreign()).toHaveLength(2);
  }, 30_000);
});
