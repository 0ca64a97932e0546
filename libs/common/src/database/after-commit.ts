import { type QueryResultRow } from 'pg';
import { type Statement } from './statement';
import { type StatementLine } from './statement-line';

type Answer<Row> = { readonly rows: Row[] } | { readonly error: unknown };

/** A statement behind a COMMIT, and its answer once that has taken effect. */
export class AfterCommit<Row extends QueryResultRow> {
  private answer: Answer<Row> = { error: new Error('the transaction has not been committed') };

  constructor(
    private readonly statement: Statement,
    private readonly params: readonly unknown[],
  ) {}

  /** @throws the statement's error; or an error of its own where the transaction was not committed, or not yet. */
  rows(): Row[] {
    if ('error' in this.answer) throw this.answer.error;
    return this.answer.rows;
  }

  /**
   * @internal Right behind COMMIT. Resolves when it is settled, to what makes its answer known: to be called where COMMIT
   * did commit.
   */
  send(line: StatementLine): Promise<() => void> {
    const known = (answer: Answer<Row>) => () => {
      this.answer = answer;
    };
    return line.add<Row>(this.statement, this.params).then(
      ({ rows }) => known({ rows }),
      (error: unknown) => known({ error }),
    );
  }
}
