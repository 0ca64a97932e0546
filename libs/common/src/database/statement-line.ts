import { type QueryResult, type QueryResultRow } from 'pg';
import { type Sending } from './pipeline';
import { type Statement } from './statement';

/** Sends statements in one piece; resolves when all of them are settled, and never rejects. */
export type Send = (sendings: readonly Sending[]) => Promise<void>;

/**
 * The statements of one transaction, in order. Those that are asked for before anybody waits for an answer go out
 * together: the transaction then takes as many round trips as it has answers to wait for.
 */
export class StatementLine {
  private waiting: Sending[] = [];
  private underWay: Promise<void> | undefined;
  private hasSentAny = false;

  constructor(private readonly send: Send) {}

  /** Nothing has reached the server. */
  get isUnused(): boolean {
    return !this.hasSentAny;
  }

  add<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      this.push<Row>(statement, params, (error, result) => {
        if (result === undefined) reject(error ?? new Error(`${statement.name} has no result`));
        else resolve(result);
      });
    });
  }

  /** @param settle Called once, with the one or the other. */
  push<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[],
    settle: (error: Error | undefined, result: QueryResult<Row> | undefined) => void,
  ): void {
    this.waiting.push({ statement, params, settle });
    this.underWay ??= this.sendAll();
  }

  /** What was not sent yet is not sent any more. Resolves when nothing is under way. */
  async abandon(reason: Error): Promise<void> {
    const abandoned = this.waiting;
    this.waiting = [];
    for (const { settle } of abandoned) settle(reason, undefined);
    await this.underWay;
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      // Behind all that is ready to run: whatever waits for no answer has asked for its statements by then.
      await new Promise((resolve) => process.nextTick(resolve));
      const sendings = this.waiting;
      if (sendings.length === 0) break;
      this.waiting = [];
      this.hasSentAny = true;
      await this.send(sendings);
    }
    this.underWay = undefined;
  }
}
