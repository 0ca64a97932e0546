import { type QueryResultRow } from 'pg';
import { OdographError } from '../errors';
import { type Logger } from '../observability';
import { AfterCommit } from './after-commit';
import { type Checkout } from './checkout';
import { CommitOutcomeUnknown, databaseErrorOf, leavesSessionAlive } from './sql-errors';
import { type Statement } from './statement';
import { type StatementLine } from './statement-line';

/** Without names: what they cost to parse is nothing. */
const BEGIN: Statement = { name: '', text: 'BEGIN' };
const COMMIT: Statement = { name: '', text: 'COMMIT' };

/**
 * An open transaction, READ COMMITTED. Only {@link runTransaction} makes one, so that code which asks for a
 * `Transaction` cannot be handed the pool by mistake.
 *
 * Statements run in the order in which they are asked for. Those that are asked for without waiting for one another's
 * answer go to the server together, the first of them with BEGIN; where one fails those behind it do not run.
 */
export class Transaction {
  private ended = false;
  private failure: unknown;
  /** Why there is no transaction. */
  private unbegun: Error | undefined;
  private readonly behind: AfterCommit<QueryResultRow>[] = [];

  constructor(private readonly line: StatementLine) {
    line.push(BEGIN, [], (error) => {
      this.unbegun = error;
    });
  }

  /**
   * @throws OdographError TRANSACTION_REQUIRED once it has ended: its connection may be somebody else's by then; the
   * error of an earlier statement where that is why this one did not run.
   */
  async query<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[] = [],
  ): Promise<Row[]> {
    this.demandOpen(statement);
    try {
      return (await this.line.add<Row>(statement, params)).rows;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /**
   * A statement whose answer nobody needs: it goes with the next one, or with COMMIT. Where it fails, so does what it
   * goes with, with its error.
   */
  send(statement: Statement, params: readonly unknown[] = []): void {
    this.demandOpen(statement);
    this.line.push(statement, params, (error) => {
      this.failure ??= error;
    });
  }

  /**
   * A question that goes out with COMMIT and runs behind it: on the same session, when the commit is as durable as it
   * gets, without a round trip of its own. Its answer is there when the transaction's result is. Where COMMIT fails it is
   * not asked; where it fails itself, what was committed stands. It must change nothing: behind a COMMIT that the server
   * makes a ROLLBACK of it runs too, and its answer is thrown away.
   */
  afterCommit<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[] = [],
  ): AfterCommit<Row> {
    this.demandOpen(statement);
    const after = new AfterCommit<Row>(statement, params);
    this.behind.push(after);
    return after;
  }

  /** @internal To be called together with the sending of COMMIT. */
  sendBehindCommit(): Promise<readonly (() => void)[]> {
    return Promise.all(this.behind.map((after) => after.send(this.line)));
  }

  /** @internal No statement passes after this. */
  end(): void {
    this.ended = true;
  }

  /** @internal Of the first statement that failed, if any. */
  get firstFailure(): unknown {
    return this.failure;
  }

  private demandOpen({ name }: Statement): void {
    // Else it would be a transaction of its own.
    if (this.unbegun !== undefined) throw this.unbegun;
    if (!this.ended) return;
    throw new OdographError('TRANSACTION_REQUIRED', {
      detail: `${name} was called after the end of its transaction`,
    });
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
  const line = connection.line();
  const transaction = new Transaction(line);
  let result: Result;
  try {
    result = await work(transaction);
  } catch (error) {
    transaction.end();
    await line.abandon(new Error('the transaction was given up before this statement was sent'));
    if (!line.isUnused) await rollBack(connection, logger);
    throw error;
  }
  transaction.end();
  // Lost before COMMIT was sent: the server rolled back, and why it was lost is worth more than that.
  if (connection.loss !== undefined) throw connection.loss;
  try {
    await commit(line, transaction);
  } catch (error) {
    // Refused was COMMIT, which ends the transaction, or something that went with it, which does not.
    if (leavesSessionAlive(error)) await rollBack(connection, logger);
    throw error;
  }
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

async function commit(line: StatementLine, transaction: Transaction): Promise<void> {
  let command: string;
  const committing = line.add(COMMIT);
  // The server runs it when COMMIT is done, and not at all where that fails (PostgreSQL documentation, 54.2.4); under one
  // Sync, so that a pooler cannot give it to another server.
  const behind = transaction.sendBehindCommit();
  try {
    ({ command } = await committing);
  } catch (error) {
    // The server said that it did not come to COMMIT, or that it refused it.
    const isKnown =
      leavesSessionAlive(error) || (error === transaction.firstFailure && databaseErrorOf(error));
    throw isKnown ? error : new CommitOutcomeUnknown(error);
  }
  // COMMIT of a transaction in which a statement failed answers ROLLBACK and is no error to the server.
  if (command !== 'COMMIT') {
    throw new Error('the transaction was rolled back since the failure of a statement was not passed on', {
      cause: transaction.firstFailure,
    });
  }
  for (const makeKnown of await behind) makeKnown();
}
