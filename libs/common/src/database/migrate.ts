import { setTimeout as delay } from 'node:timers/promises';
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { OdographError } from '../errors';
import { createLogger } from '../observability';
import { createDataSource } from './data-source';
import { Database } from './database';
import { MIGRATION_NAMES } from './migrations';
import { checkSchema, type SchemaDifference } from './schema-check';
import applyRoleSettings from './sql/apply-role-settings.sql';
import grantMigrationTable from './sql/grant-migration-table.sql';
import tryMigrationLock from './sql/try-migration-lock.sql';

export interface MigrateOptions {
  /** How long another migration of the same database is waited for. Default 5 minutes. */
  readonly waitMs?: number;
  /** Called once when there is another one to wait for. */
  readonly onWaiting?: () => void;
}

export interface MigrateUpResult {
  /** Names of what this call applied, oldest first; empty where nothing was left to do. */
  readonly applied: readonly string[];
  /** Day tables of `telemetry.position` that it made: yesterday to two days ahead. */
  readonly partitionsMade: number;
}

export interface MigrateAdoptResult {
  /** Names of what was recorded as applied; empty where all was already, or where there are differences. */
  readonly adopted: readonly string[];
  readonly differences: readonly SchemaDifference[];
}

export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied, but not known to this build: a newer version was here. */
  readonly unknown: readonly string[];
}

const DEFAULT_WAIT_MS = 5 * 60_000;
const LOCK_POLL_MS = 200;
const CONNECT_TIMEOUT_MS = 5_000;
const DAYS_BACK = 1;
const DAYS_AHEAD = 2;

/**
 * Applies what is pending, each migration in a transaction of its own: an interrupted one leaves nothing half done.
 * Then sees to what is no part of the schema: the apps' role settings in this database, and day tables for today.
 * The URL leads to the server itself (a pooler in transaction mode loses the session lock) and names a role that may
 * create schemas and roles.
 *
 * @throws OdographError SCHEMA_MISMATCH where a newer version has migrated this database; the server's errors.
 */
export async function migrateUp(url: string, options: MigrateOptions = {}): Promise<MigrateUpResult> {
  return underLock(url, options, async (dataSource, runner) => {
    const { unknown } = await readStatus(dataSource, runner);
    refuseUnknown(unknown);
    const applied = await executorOf(dataSource, runner).executePendingMigrations();
    await runner.query(applyRoleSettings);
    return {
      applied: applied.map(({ name }) => name),
      partitionsMade: await ensurePartitions(dataSource, runner),
    };
  });
}

/**
 * Takes back the newest migrations, one at a time. The first one takes all data with it; the roles always stay, since
 * they belong to the whole server.
 *
 * @returns the names of what was taken back, newest first.
 */
export async function migrateDown(
  url: string,
  { steps, ...options }: MigrateOptions & { readonly steps: number },
): Promise<{ readonly reverted: readonly string[] }> {
  return underLock(url, options, async (dataSource, runner) => {
    const { applied } = await readStatus(dataSource, runner);
    const reverted = [...applied].reverse().slice(0, steps);
    const executor = executorOf(dataSource, runner);
    for (let step = 0; step < reverted.length; step += 1) await executor.undoLastMigration();
    return { reverted };
  });
}

/**
 * Records as applied what a database has already that came by another way (a restored copy without the migration table,
 * a schema that was applied by hand), where it is exactly what the migrations of this build make. Nothing outside our
 * schemas is looked at or touched.
 *
 * @returns the differences where there are any, and then nothing was recorded.
 * @throws OdographError SCHEMA_MISMATCH where a newer version has migrated this database.
 */
export async function migrateAdopt(url: string, options: MigrateOptions = {}): Promise<MigrateAdoptResult> {
  return underLock(url, options, async (dataSource, runner) => {
    const { unknown, pending } = await readStatus(dataSource, runner);
    refuseUnknown(unknown);
    const differences = await differencesOf(url);
    if (differences.length > 0 || pending.length === 0) return { adopted: [], differences };
    const executor = executorOf(dataSource, runner);
    executor.fake = true;
    // Its answer leaves out what it did not run.
    await executor.executePendingMigrations();
    await runner.query(grantMigrationTable);
    await runner.query(applyRoleSettings);
    await ensurePartitions(dataSource, runner);
    return { adopted: pending, differences };
  });
}

/** Reads only; does not wait for a migration that is under way. */
export async function migrationStatus(url: string): Promise<MigrationStatus> {
  return withRunner(url, readStatus);
}

function refuseUnknown(unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  throw new OdographError('SCHEMA_MISMATCH', { detail: `this build does not know ${unknown.join(', ')}` });
}

async function differencesOf(url: string): Promise<SchemaDifference[]> {
  const database = new Database({
    ...{ url, poolSize: 1, applicationName: 'odograph-migrate', startupTimeoutMs: CONNECT_TIMEOUT_MS },
    logger: createLogger({ app: 'migrate', level: 'silent' }),
  });
  try {
    return await checkSchema(database);
  } finally {
    await database.stop(CONNECT_TIMEOUT_MS);
  }
}

async function underLock<Result>(
  url: string,
  options: MigrateOptions,
  work: (dataSource: DataSource, runner: QueryRunner) => Promise<Result>,
): Promise<Result> {
  return withRunner(url, async (dataSource, runner) => {
    await lock(dataSource, runner, options);
    // Unlocked by the end of the session: were the lock lost with it, so is everything that runs under it.
    return work(dataSource, runner);
  });
}

/**
 * Asks again and again rather than waiting inside the server: a waiting statement holds a snapshot, and
 * CREATE INDEX CONCURRENTLY waits for snapshots.
 */
async function lock(
  dataSource: DataSource,
  runner: QueryRunner,
  { waitMs = DEFAULT_WAIT_MS, onWaiting }: MigrateOptions,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    const [answer] = await dataSource.query<{ locked: boolean }[]>(tryMigrationLock, [], runner);
    if (answer?.locked === true) return;
    if (attempt === 1) onWaiting?.();
    if (performance.now() > deadline) {
      throw new OdographError('SCHEMA_MISMATCH', {
        detail: `another migration of this database has been under way for over ${waitMs} ms`,
      });
    }
    await delay(LOCK_POLL_MS);
  }
}

/** One session for the lock and for all that happens under it. */
async function withRunner<Result>(
  url: string,
  work: (dataSource: DataSource, runner: QueryRunner) => Promise<Result>,
): Promise<Result> {
  const dataSource = createDataSource(url, { applicationName: 'odograph-migrate' });
  await dataSource.initialize();
  try {
    const runner = dataSource.createQueryRunner();
    try {
      return await work(dataSource, runner);
    } finally {
      await runner.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

function executorOf(dataSource: DataSource, runner: QueryRunner): MigrationExecutor {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'each';
  return executor;
}

async function readStatus(dataSource: DataSource, runner: QueryRunner): Promise<MigrationStatus> {
  const executed = await executorOf(dataSource, runner).getExecutedMigrations();
  const applied = executed.map(({ name }) => name).sort((a, b) => orderOf(a) - orderOf(b));
  return {
    applied,
    pending: MIGRATION_NAMES.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !MIGRATION_NAMES.includes(name)),
  };
}

/** The timestamp at the end of a migration's name. */
function orderOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}

async function ensurePartitions(dataSource: DataSource, runner: QueryRunner): Promise<number> {
  const [answer] = await dataSource.query<{ made: number }[]>(
    'SELECT telemetry.ensure_position_partitions($1, $2) AS made',
    [DAYS_BACK, DAYS_AHEAD],
    runner,
  );
  return answer?.made ?? 0;
}
