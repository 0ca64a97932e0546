import { Client } from 'pg';
import { migrateUp } from '@app/common/database';
import { SUPERUSER } from './postgres';

/** Migrated once per server; a suite's database is a copy of it (tens of milliseconds). */
export const TEMPLATE = 'odograph_template';

const UNFINISHED = 'odograph_template_unfinished';

/** Makes the template when the server has none. It gets its name only when every migration has passed. */
export async function ensureTemplate(port: number): Promise<void> {
  await asSuperuser(port, async (admin) => {
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (rowCount) return;
    await admin.query(`DROP DATABASE IF EXISTS ${UNFINISHED} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${UNFINISHED}`);
    await migrateUp(databaseUrl(port, UNFINISHED));
    await admin.query(`ALTER DATABASE ${UNFINISHED} RENAME TO ${TEMPLATE}`);
  });
}

/**
 * Copies the template. The roles' settings (their timeouts) hang on a database's name and are not copied: migrating the
 * copy, in which nothing is pending, puts them there.
 */
export async function createFromTemplate(port: number, database: string): Promise<void> {
  await asSuperuser(port, (admin) => admin.query(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE}`));
  await migrateUp(databaseUrl(port, database));
}

/** Drops it though somebody is still connected: the leak check is what reports them. */
export async function dropDatabase(port: number, database: string): Promise<void> {
  await asSuperuser(port, (admin) => admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
}

export function databaseUrl(port: number, database: string, user: string = SUPERUSER): string {
  return `postgres://${user}@127.0.0.1:${port}/${database}`;
}

async function asSuperuser(port: number, work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: databaseUrl(port, 'postgres') });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
