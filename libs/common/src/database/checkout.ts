import { type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { Pipeline, type Sending } from './pipeline';
import { leavesSessionAlive } from './sql-errors';
import { type Statement } from './statement';
import { StatementLine } from './statement-line';

/** One pooled connection in one pair of hands, from its checkout to its return. */
export class Checkout {
  private firstLoss: Error | undefined;
  private broken = false;
  private readonly onError = (error: Error): void => {
    // The first says why (25P04, 57P01); what follows only says that the socket is closed.
    this.firstLoss ??= error;
    this.broken = true;
  };

  constructor(
    private readonly client: PoolClient,
    private readonly usePreparedStatements: boolean,
  ) {
    // Without a listener a connection that dies between two statements ends the process.
    client.on('error', this.onError);
  }

  /** Why the connection was lost, where it was lost while no statement was under way. */
  get loss(): Error | undefined {
    return this.firstLoss;
  }

  get isBroken(): boolean {
    return this.broken;
  }

  query<Row extends QueryResultRow>(
    { name, text }: Statement,
    params: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const values = [...params];
    const config = this.usePreparedStatements ? { name, text, values } : { text, values };
    return this.guard(() => this.client.query<Row>(config));
  }

  /** For a transaction: those of its statements that wait for nothing travel together. */
  line(): StatementLine {
    return new StatementLine((sendings) => this.send(sendings));
  }

  /** ROLLBACK. */
  command(text: string): Promise<QueryResult> {
    return this.guard(() => this.client.query(text));
  }

  /** Back into the pool, or out of it where the session is no longer what the next user expects. */
  release(): void {
    this.client.off('error', this.onError);
    this.client.release(this.broken);
  }

  /** Ends it under the hands of whoever holds it. */
  destroy(): void {
    this.broken = true;
    this.client.connection.stream.destroy();
  }

  private send(sendings: readonly Sending[]): Promise<void> {
    const guarded = sendings.map((sending): Sending => ({
      ...sending,
      settle: (error, result) => sending.settle(error && this.judge(error), result),
    }));
    return new Promise((resolve) => {
      const pipeline = new Pipeline(guarded, this.usePreparedStatements);
      pipeline.callback = () => resolve();
      this.client.query(pipeline);
    });
  }

  private async guard<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw this.judge(error);
    }
  }

  /** Whatever is no answer of a living session makes the connection unfit for the next user. */
  private judge<Failure>(error: Failure): Failure | Error {
    if (leavesSessionAlive(error)) return error;
    this.broken = true;
    return this.firstLoss ?? error;
  }
}
