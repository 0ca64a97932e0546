import { type QueryResultRow } from 'pg';
import { OdographError } from '../errors';
import { type Logger } from '../observability';
import { type Checkout } from './checkout';
import { CommitOutcomeUnknown, leavesSessionAlive } from './sql-errors';
import { type Statement } from './statement';

/**
 * An open transaction, READ COMMITTED. Only {@link runTransaction} makes one, so that code which asks for a
 * `Transaction` cannot be handed the pool by mistake.
 */
export class Transaction {
  private ended = false;
  private failure: unknown;

  constructor(private readonly connection: Checkout) {}

  /** @throws OdographError TRANSACTION_REQUIRED once it has ended: its connection may be somebody else's by then. */
  async query<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (this.ended) {
      throw new OdographError('TRANSACTION_REQUIRED', {
        detail: `${statement.name} was called after the end of its transaction`,
      });
    }
    try {
      return (await this.connection.query<Row>(statement, params)).rows;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /** @internal No statement passes after this. Gives the first failure of a statement, if any. */
  end(): unknown {
    this.ended = true;
    return this.failure;
  }
}

/**
 * BEGIN, the work, COMMIT; ROLLBACK where the work throws.
 *
 * @throws what the work throws; the server's error where COMMIT is refused (nothing happened); or
 * {@link CommitOutcomeUnknown}.
 */
export async function runTransaction<Result>(
  connection: Checkout,
  logger: Logger,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  await connection.command('BEGIN');
  const transaction = new Transaction(connection);
  let result: Result;
  try {
    result = await work(transaction);
  } catch (error) {
    transaction.end();
    await rollBack(connection, logger);
    throw error;
  }
  await commit(connection, transaction.end());
  return result;
}

async function rollBack(connection: Checkout, logger: Logger): Promise<void> {
  if (connection.isBroken) return;
  try {
    await connection.command('ROLLBACK');
  } catch (error) {
    connection.destroy();
    logger.warn({ event: 'rollback_failed', err: error });
  }
}

async function commit(connection: Checkout, failure: unknown): Promise<void> {
  // Lost before COMMIT was sent: the server rolled back, and why it was lost is worth more than that.
  if (connection.loss !== undefined) throw connection.loss;
  let command: string;
  try {
    ({ command } = await connection.command('COMMIT'));
  } catch (error) {
    throw leavesSessionAlive(error) ? error : new CommitOutcomeUnknown(error);
  }
  // COMMIT of a transaction in which a statement failed answers ROLLBACK and is no error to the server.
  if (command !== 'COMMIT') {
    throw new Error('the transaction was rolled back since the failure of a statement was not passed on', {
      cause: failure,
    });
  }
}
