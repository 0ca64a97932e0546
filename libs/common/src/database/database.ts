import { Client, Pool, type ClientConfig, type QueryResultRow } from 'pg';
import { type Service } from '../lifecycle';
import { type Logger } from '../observability';
import { Checkout } from './checkout';
import { Listener, type Listening } from './listen';
import { checkSchemaVersion, checkServer, type QuerySource } from './start-checks';
import notify from './sql/notify.sql';
import { statement, type Statement } from './statement';
import { runTransaction, type Transaction } from './transaction';
import { untilReachable } from './until-reachable';
import { valueTypes } from './value-types';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections beside those of `listen`. */
  readonly poolSize: number;
  /** As `pg_stat_activity.application_name` shows it; PostgreSQL keeps 63 bytes. */
  readonly applicationName: string;
  readonly startupTimeoutMs: number;
  /** Given by a process that holds leases: its role's transaction_timeout must then be on and shorter. */
  readonly leaseTimeMs?: number;
  readonly logger: Logger;
  /** false for PgBouncer in transaction mode before 1.21, which does not know prepared statements. Default true. */
  readonly usePreparedStatements?: boolean;
  /** How long a statement may stay unanswered before its connection counts as lost. Default 30 s. */
  readonly answerTimeoutMs?: number;
}

export interface PoolUse {
  readonly size: number;
  readonly inUse: number;
  readonly waiting: number;
}

const NOTIFY = statement('database.notify', notify);

/** A checkout or a connect that takes longer is an outage, not patience. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A server that froze, or a cut wire, answers nothing for ever; no statement of ours takes so long. */
const ANSWER_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** What a stop without any budget left gives the sockets to close. */
const LEAST_STOP_MS = 50;

/** The way to PostgreSQL: a pool for statements and transactions, and connections of their own for LISTEN. */
export class Database implements Service, QuerySource {
  readonly name = 'postgres';
  readonly stage = 'stores';
  private readonly pool: Pool;
  private readonly checkouts = new Set<Checkout>();
  private readonly listeners = new Set<Listener>();
  private readonly stopSignal = new AbortController();
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: DatabaseOptions) {
    this.pool = new Pool({ ...this.clientConfig(), max: options.poolSize });
    // Between its connect and its first user a connection has no other listener, and its loss would end the process.
    this.pool.on('connect', (client) => {
      client.on('error', (error) => options.logger.debug({ event: 'database_connection_error', err: error }));
    });
    // The pool has removed it already; without a listener it would end the process.
    this.pool.on('error', (error) =>
      options.logger.warn({ event: 'database_idle_connection_lost', err: error }),
    );
  }

  /**
   * Waits until the server answers, then checks that it suits and holds our schema.
   *
   * @throws OdographError POSTGRES_UNREACHABLE, POSTGRES_UNSUITABLE or SCHEMA_MISMATCH.
   */
  async start(): Promise<void> {
    const { startupTimeoutMs, leaseTimeMs, logger } = this.options;
    await untilReachable(this, { timeoutMs: startupTimeoutMs, signal: this.stopSignal.signal, logger });
    await checkServer(this, leaseTimeMs);
    await checkSchemaVersion(this);
  }

  /** Waits for open transactions as long as the budget lasts, then ends their connections: the server rolls back. */
  stop(budgetMs: number): Promise<void> {
    this.stopSignal.abort();
    this.stopped ??= this.end(budgetMs);
    return this.stopped;
  }

  /** One statement in a transaction of its own. Parameters as pg takes them: bigint, Date, Buffer, arrays of these. */
  async query<Row extends QueryResultRow>(
    statement: Statement,
    params: readonly unknown[] = [],
  ): Promise<Row[]> {
    return this.withConnection(async (connection) => (await connection.query<Row>(statement, params)).rows);
  }

  /**
   * Runs the work in one transaction on one connection. The work uses only the transaction that it is given.
   *
   * @throws what the work throws, after a rollback; the server's error where it refuses the COMMIT;
   * CommitOutcomeUnknown where the reply to COMMIT was lost.
   */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.withConnection((connection) => runTransaction(connection, this.options.logger, work));
  }

  /**
   * Calls `onWake` for each NOTIFY on the channel and after every (re)connect, when any may have been missed: a hint to
   * look, beside a poll of the caller's own. Resolves after the first attempt to listen, whether it worked or not.
   */
  async listen(channel: string, onWake: () => void): Promise<Listening> {
    const listener = new Listener({
      newClient: () => new Client(this.clientConfig()),
      notify: (other) => this.query(NOTIFY, [other]),
      channel,
      onWake,
      logger: this.options.logger,
      onClose: () => this.listeners.delete(listener),
    });
    this.listeners.add(listener);
    await listener.start();
    return listener;
  }

  get poolUse(): PoolUse {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { size: this.options.poolSize, inUse: totalCount - idleCount, waiting: waitingCount };
  }

  snapshot(): Record<string, unknown> {
    return { ...this.poolUse, listeners: this.listeners.size };
  }

  private async withConnection<Result>(work: (connection: Checkout) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    const connection = new Checkout(client, this.options.usePreparedStatements ?? true);
    this.checkouts.add(connection);
    try {
      return await work(connection);
    } finally {
      this.checkouts.delete(connection);
      if (connection.loss !== undefined) {
        this.options.logger.warn({ event: 'database_connection_lost', err: connection.loss });
      }
      connection.release();
    }
  }

  private async end(budgetMs: number): Promise<void> {
    await Promise.all([...this.listeners].map((listener) => listener.close()));
    const overdue = setTimeout(
      () => {
        this.options.logger.warn({ event: 'database_stop_cut_short', connections: this.checkouts.size });
        for (const connection of this.checkouts) connection.destroy();
      },
      Math.max(LEAST_STOP_MS, budgetMs - LEAST_STOP_MS),
    );
    try {
      await this.pool.end();
    } finally {
      clearTimeout(overdue);
    }
  }

  private clientConfig(): ClientConfig {
    const { url, applicationName, startupTimeoutMs, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.options;
    return {
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: Math.min(CONNECT_TIMEOUT_MS, startupTimeoutMs),
      query_timeout: answerTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      types: valueTypes,
    };
  }
}
