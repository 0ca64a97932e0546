import { type QueryResultRow } from 'pg';
import { OdographError } from '../errors';
import { MIGRATION_NAMES } from './migrations';
import appliedMigrations from './sql/applied-migrations.sql';
import serverFacts from './sql/server-facts.sql';
import { sqlStateOf } from './sql-errors';
import { statement, type Statement } from './statement';

/** Whatever runs statements: the database or an open transaction. */
export interface QuerySource {
  query<Row extends QueryResultRow>(statement: Statement, params?: readonly unknown[]): Promise<Row[]>;
}

interface ServerFacts {
  readonly version_number: number;
  readonly version: string;
  readonly role: string;
  readonly synchronous_commit: string;
  readonly transaction_timeout_ms: number | null;
}

/** transaction_timeout came with it. */
const OLDEST_SERVER = 170_000;

const SERVER_FACTS = statement('database_server_facts', serverFacts);
const APPLIED_MIGRATIONS = statement('database_applied_migrations', appliedMigrations);

/**
 * @param leaseTimeMs of a process that holds leases; undefined for one that holds none (the command line).
 * @throws OdographError POSTGRES_UNSUITABLE naming all that is wrong.
 */
export async function checkServer(source: QuerySource, leaseTimeMs: number | undefined): Promise<void> {
  const [facts] = await source.query<ServerFacts>(SERVER_FACTS);
  if (facts === undefined) throw new OdographError('POSTGRES_UNSUITABLE', { detail: 'it tells no version' });
  const wrong = [
    ...wrongVersion(facts),
    ...(leaseTimeMs === undefined ? [] : wrongTimeout(facts, leaseTimeMs)),
    ...wrongDurability(facts),
  ];
  if (wrong.length > 0) throw new OdographError('POSTGRES_UNSUITABLE', { detail: wrong.join('; ') });
}

function wrongVersion({ version, version_number }: ServerFacts): string[] {
  return version_number < OLDEST_SERVER ? [`the server is version ${version}, 17 is the oldest`] : [];
}

/** A process frozen inside a transaction holds its lease rows locked until this timeout ends it. */
function wrongTimeout({ role, transaction_timeout_ms }: ServerFacts, leaseTimeMs: number): string[] {
  const timeoutMs = transaction_timeout_ms ?? 0;
  if (timeoutMs > 0 && timeoutMs < leaseTimeMs) return [];
  const found = timeoutMs === 0 ? 'off' : `${timeoutMs} ms`;
  return [
    `transaction_timeout of role ${role} in this database is ${found}, it must be on and below LEASE_TIME (${leaseTimeMs} ms)`,
  ];
}

/** With these two a COMMIT is answered before it is on disk, and what we ack after it could still be lost. */
function wrongDurability({ role, synchronous_commit }: ServerFacts): string[] {
  return ['off', 'local'].includes(synchronous_commit)
    ? [`synchronous_commit of role ${role} is ${synchronous_commit}`]
    : [];
}

/** Names of the applied migrations, oldest first; empty for a database that was never migrated. */
export async function readAppliedMigrations(source: QuerySource): Promise<string[]> {
  try {
    const rows = await source.query<{ name: string }>(APPLIED_MIGRATIONS);
    return rows.map(({ name }) => name);
  } catch (error) {
    // Undefined table: never migrated. Insufficient privilege: migrated down, which takes the grants along.
    if (['42P01', '42501'].includes(sqlStateOf(error) ?? '')) return [];
    throw error;
  }
}

/** @throws OdographError SCHEMA_MISMATCH naming the version that is there and the one that this build needs. */
export async function checkSchemaVersion(source: QuerySource): Promise<void> {
  const applied = await readAppliedMigrations(source);
  if (applied.join() === MIGRATION_NAMES.join()) return;
  const found = applied.at(-1) ?? 'none';
  const needed = MIGRATION_NAMES.at(-1) ?? 'none';
  throw new OdographError('SCHEMA_MISMATCH', {
    detail: `the database has ${found} (${applied.length} migrations), this version needs ${needed} (${MIGRATION_NAMES.length})`,
  });
}
