import { type Statement, Transaction } from '../database';
import { OdographError } from '../errors';

/** What is used of TypeORM's QueryRunner. */
export interface TypeOrmRunner {
  readonly isTransactionActive: boolean;
  readonly isReleased: boolean;
  query(
    text: string,
    parameters: unknown[] | undefined,
    useStructuredResult: true,
  ): Promise<{ readonly records: readonly unknown[] }>;
}

/** What is used of TypeORM's EntityManager; that of a data source has no runner and no transaction. */
export interface TypeOrmManager {
  readonly queryRunner?: TypeOrmRunner | undefined;
}

/** What is used of a client of `pg`, or of one that its pool hands out. */
export interface PgClient {
  /** As the server said it with its last answer: idle, in a transaction, in a failed one; null before the first. */
  getTransactionStatus(): 'I' | 'T' | 'E' | null;
  query(config: { text: string; values: unknown[] }): Promise<{ readonly rows: readonly unknown[] }>;
}

/**
 * A transaction that the caller has opened, and commits or rolls back: ours, that of a TypeORM `EntityManager` or
 * `QueryRunner`, or that of a `pg` client on which BEGIN was awaited.
 */
export type OutboxTransaction = Transaction | TypeOrmManager | TypeOrmRunner | PgClient;

/** Runs a statement in that transaction and gives its rows. */
type Run = (statement: Statement, params: readonly unknown[]) => Promise<readonly unknown[]>;

/**
 * The way into the caller's transaction.
 *
 * @throws OdographError TRANSACTION_REQUIRED where it is none that is open now. Types say most of it already, but a
 * producer in plain JavaScript, or with the pool in its hands, would write what no rollback takes back.
 */
export function runnerOf(transaction: OutboxTransaction): Run {
  if (transaction instanceof Transaction) return (statement, params) => transaction.query(statement, params);
  if (!isObject(transaction)) throw required('there is none');
  if ('getTransactionStatus' in transaction) return clientRunner(transaction);
  if ('isTransactionActive' in transaction) return typeOrmRunner(transaction);
  const runner = 'queryRunner' in transaction ? transaction.queryRunner : undefined;
  if (runner === undefined) throw required('this is no transaction, nor an EntityManager within one');
  return typeOrmRunner(runner);
}

/** The server says of every answer whether a transaction is open, so nothing need be asked. */
function clientRunner(client: PgClient): Run {
  const status = client.getTransactionStatus();
  if (status !== 'T' && status !== 'E') throw required('await BEGIN on this client first');
  return async ({ text }, params) => (await client.query({ text, values: [...params] })).rows;
}

function typeOrmRunner(runner: TypeOrmRunner): Run {
  if (!runner.isTransactionActive || runner.isReleased) throw required('this QueryRunner is in none');
  return async ({ text }, params) => (await runner.query(text, [...params], true)).records;
}

function required(detail: string): OdographError {
  return new OdographError('TRANSACTION_REQUIRED', { detail });
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
