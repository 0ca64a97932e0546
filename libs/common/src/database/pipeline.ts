import {
  type BindConfig,
  type Connection,
  Query,
  type QueryResult,
  type QueryResultRow,
  type Submittable,
} from 'pg';
import { bindLarge } from './bind';
import { type Statement } from './statement';
import { valueTypes } from './value-types';

/** What pg calls on a query while its answer arrives, and leaves out of its types. */
interface PgQuery extends Submittable {
  readonly name?: string;
  readonly text: string;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
  handleError(error: Error, connection: Connection): void;
}

const HANDLERS = [
  'handleRowDescription',
  'handleDataRow',
  'handleCommandComplete',
  'handleReadyForQuery',
  'handleError',
] as const;

const isPgQuery = (query: Submittable): query is PgQuery => HANDLERS.every((handler) => handler in query);

/** One statement on its way. */
export interface Sending {
  readonly statement: Statement;
  readonly params: readonly unknown[];
  /** Called once, with the one or the other. */
  settle(this: void, error: Error | undefined, result: QueryResult<QueryResultRow> | undefined): void;
}

/**
 * Statements that go out in one piece and come back in one, by the extended protocol with one Sync behind them all: the
 * server leaves out what stands behind a statement that fails. Those before it have their results; it and all behind it
 * are told its error.
 */
export class Pipeline implements Submittable {
  /** Called at the end, since pg hangs its timeout on it. */
  callback: (error?: Error) => void = () => undefined;
  private queries: readonly PgQuery[];
  /** That the server is answering now. */
  private current = 0;
  private isSubmitted = false;
  private refusal: Error | undefined;

  /** @param isPrepared Statements that have a name are parsed once a connection. */
  constructor(
    sendings: readonly Sending[],
    private readonly isPrepared: boolean,
  ) {
    this.queries = sendings.map((sending) => this.queryOf(sending));
  }

  /** By name and text pg keeps account of what the connection has prepared. */
  get name(): string | undefined {
    return this.queries[this.current]?.name;
  }

  get text(): string | undefined {
    return this.queries[this.current]?.text;
  }

  submit(connection: Connection): void {
    const together = withoutSync(connection);
    connection.stream.cork();
    const unsent = this.queries.findIndex((query) => {
      query.submit(together);
      return this.refusal !== undefined;
    });
    connection.sync();
    connection.stream.uncork();
    this.isSubmitted = true;
    if (unsent === -1 || this.refusal === undefined) return;
    // Parameters that cannot be written: that statement has been told so, and what stands behind it was not sent.
    const behind = this.queries.slice(unsent + 1);
    forgetSubmitted(connection, this.queries[unsent]?.name);
    this.queries = this.queries.slice(0, unsent);
    for (const query of behind) query.handleError(this.refusal, connection);
  }

  handleRowDescription(message: unknown): void {
    this.queries[this.current]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.queries[this.current]?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    const query = this.queries[this.current];
    this.current += 1;
    query?.handleCommandComplete(message, connection);
    query?.handleReadyForQuery(connection);
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  handleError(error: Error, connection: Connection): void {
    const unanswered = this.queries.slice(this.current);
    this.queries = [];
    for (const query of unanswered) {
      forgetSubmitted(connection, query.name);
      query.handleError(error, connection);
    }
    this.callback(error);
  }

  private queryOf({ statement, params, settle }: Sending): PgQuery {
    const { name, text } = statement;
    const config = {
      ...(this.isPrepared && name !== '' ? { name } : {}),
      // Without it what has no parameters would go by the simple protocol, which has a Sync of its own.
      queryMode: 'extended',
      ...{ text, values: [...params], types: valueTypes },
    };
    const query = new Query(config, (error: Error | null | undefined, result) => {
      if (error && !this.isSubmitted) this.refusal ??= error;
      settle(error ?? undefined, result);
    });
    if (!isPgQuery(query)) throw new Error('this version of pg has other queries than those that we know');
    return query;
  }
}

const noSync = (): void => undefined;

/** Every query of pg ends with a Sync, behind which the server forgets an error. */
function withoutSync(connection: Connection): Connection {
  return new Proxy(connection, {
    get(target, name) {
      if (name === 'sync') return noSync;
      if (name === 'bind') return (config: BindConfig) => bindLarge(target, config);
      const value: unknown = Reflect.get(target, name);
      return value;
    },
  });
}

/** Sent to be prepared and left out by the server: the next one who wants it has to prepare it. */
function forgetSubmitted(connection: Connection, name: string | undefined): void {
  const submitted: unknown = Reflect.get(connection, 'submittedNamedStatements');
  if (name !== undefined && typeof submitted === 'object' && submitted !== null) {
    Reflect.deleteProperty(submitted, name);
  }
}
