import { type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { type Statement } from './statement';
import { leavesSessionAlive } from './sql-errors';

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

  /** BEGIN, COMMIT and ROLLBACK. */
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

  private async guard<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (leavesSessionAlive(error)) throw error;
      this.broken = true;
      throw this.firstLoss ?? error;
    }
  }
}
