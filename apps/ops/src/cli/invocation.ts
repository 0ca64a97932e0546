import { type Command } from 'commander';
import { type Environment } from '@app/common/config';
import { Database, statement, type Transaction } from '@app/common/database';
import { describeError, OdographError } from '@app/common/errors';
import { createLogger } from '@app/common/observability';
import { RedisStreams, type Streams } from '@app/common/streams';
import { defaultActor } from './actor';
import { AnsweredFailure } from './answered-failure';
import { appendAudit, type AuditEntry } from './audit';
import { type Change } from './change';
import { resolveDatabaseUrl, resolveRedis, type Authority } from './connection';
import { FAILURE_STATUS } from './exit-status';
import { DEFAULT_TENANT } from './fields';
import { pagedText } from './pages';
import lockEdits from './sql/lock-edits.sql';
import { formatFields, formatTable, type Column } from './table';
import { type Terminal } from './terminal';

const LOCK_EDITS = statement('cli_lock_edits', lockEdits);
const STARTUP_TIMEOUT_MS = 5000;

/** What surrounds a command. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly directory: string;
  /** Default: the process's own standard input. */
  readonly input?: () => AsyncIterable<Buffer | string>;
}

/** Options that every command takes. */
interface CommonOptions {
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

/** What something is done to, as the operator names it, and what it was like. */
export interface ActedOn {
  readonly subject: string;
  readonly before: unknown;
}

interface EditOptions {
  /** Does all of it and takes it back. */
  readonly dryRun?: boolean;
  /** Default: operator. */
  readonly authority?: Authority;
  /** How long one statement may take. Default: that of every app. */
  readonly answerTimeoutMs?: number;
}

/** Undoes an import that was only tried. */
class DryRun extends Error {}

/** One run of one command: its options, its way to the database, and how it answers. */
export class Invocation {
  private readonly common: CommonOptions;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly command: Command,
  ) {
    this.common = command.optsWithGlobals<CommonOptions>();
  }

  /** Options as given, those that every command takes included. */
  get options(): Readonly<Record<string, unknown>> {
    return this.command.optsWithGlobals();
  }

  get environment(): Environment {
    return this.surroundings.environment;
  }

  get directory(): string {
    return this.surroundings.directory;
  }

  /** Standard input. */
  get input(): AsyncIterable<Buffer | string> {
    return this.surroundings.input?.() ?? process.stdin;
  }

  databaseUrl(authority: Authority): Promise<string> {
    const { environment, directory } = this.surroundings;
    return resolveDatabaseUrl({ flag: this.common.databaseUrl, environment, directory }, authority);
  }

  /** Runs reading statements on a database that this build knows. */
  read<Result>(
    work: (database: Database) => Promise<Result>,
    authority: Authority = 'operator',
    answerTimeoutMs?: number,
  ): Promise<Result> {
    const start = async (database: Database): Promise<Result> => {
      await database.start();
      return work(database);
    };
    return this.inspect(start, this.databaseUrl(authority), answerTimeoutMs);
  }

  /** Runs reading statements on a database of whatever schema. */
  async inspect<Result>(
    work: (database: Database) => Promise<Result>,
    url: string | Promise<string> = this.databaseUrl('operator'),
    answerTimeoutMs?: number,
  ): Promise<Result> {
    const database = new Database({
      url: await url,
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
      poolSize: 1,
      applicationName: 'odo',
      startupTimeoutMs: STARTUP_TIMEOUT_MS,
      // A command answers in a line of its own, and its stdout may be read by a program.
      logger: createLogger({ app: 'odo', level: 'silent' }),
    });
    try {
      return await work(database);
    } finally {
      await database.stop(STARTUP_TIMEOUT_MS);
    }
  }

  /** Works on the streams. @throws OdographError REDIS_UNREACHABLE before anything is done. */
  async withStreams<Result>(work: (streams: Streams) => Promise<Result>): Promise<Result> {
    const { environment, directory } = this.surroundings;
    const streams = new RedisStreams({
      ...(await resolveRedis({ flag: this.common.redisUrl, environment, directory })),
      // The apps insist on what the deployer declares; a command takes the server as it is.
      ...{ fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: STARTUP_TIMEOUT_MS },
    });
    try {
      await streams.start();
      return await work(streams);
    } finally {
      await streams.close();
    }
  }

  /** Runs edits and their audit in one transaction. */
  async edit<Row>(
    action: string,
    work: (transaction: Transaction) => Promise<readonly Change<Row>[]>,
    { dryRun = false, authority = 'operator', answerTimeoutMs }: EditOptions = {},
  ): Promise<readonly Change<Row>[]> {
    const actor = this.actor();
    let changes: readonly Change<Row>[] = [];
    try {
      await this.read(
        (database) =>
          database.transaction(async (transaction) => {
            await transaction.query(LOCK_EDITS);
            changes = await work(transaction);
            await appendAudit(transaction, { actor, action }, changes);
            if (dryRun) throw new DryRun();
          }),
        authority,
        answerTimeoutMs,
      );
    } catch (error) {
      if (!(error instanceof DryRun)) throw error;
    }
    return changes;
  }

  /**
   * Does what no transaction takes back, to each of the subjects: the audit says so before, and what became of it after.
   *
   * @param work resolves to the result of each subject, in their order.
   */
  async act<Result>(
    action: string,
    subjects: readonly ActedOn[],
    work: () => Promise<readonly Result[]>,
  ): Promise<readonly Result[]> {
    if (subjects.length === 0) return work();
    const actor = this.actor();
    return this.read(async (database) => {
      const record = (entryOf: (subject: ActedOn, index: number) => Partial<AuditEntry>): Promise<void> =>
        database.transaction((transaction) =>
          appendAudit(
            transaction,
            { actor, action },
            subjects.map((subject, index) => ({
              ...{ tenantId: DEFAULT_TENANT, before: null, after: null, outcome: 'begun' },
              ...{ subject: subject.subject, ...entryOf(subject, index) },
            })),
          ),
        );
      await record(({ before }) => ({ before }));
      try {
        const results = await work();
        await record((_, index) => ({ outcome: 'done', after: results[index] ?? null }));
        return results;
      } catch (error) {
        await record(() => ({ outcome: 'failed', after: { error: describeError(error) } }));
        throw error;
      }
    });
  }

  /** Several things: a table, or a JSON array. */
  answerRows<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
    this.answer(rows, () => formatTable(columns, rows));
  }

  /** One thing: a line for each field, or a JSON object. */
  answerFields(fields: object): void {
    this.answer(fields, () => formatFields(fields));
  }

  /** What was done to single things: a sentence each, or what they are now (for a removed one: were). */
  answerChanges(noun: string, changes: readonly Change<unknown>[]): void {
    const [first, ...others] = changes.map(({ outcome, after, before }) => ({
      outcome,
      [noun]: after ?? before,
    }));
    this.answer(others.length === 0 ? first : [first, ...others], () =>
      changes.map(({ subject, outcome }) => `${noun} ${subject}: ${outcome}\n`).join(''),
    );
  }

  /** What was done: a sentence, or the JSON that stands for it. */
  answer(json: unknown, text: () => string): void {
    this.surroundings.terminal.out(this.common.json === true ? `${JSON.stringify(json, null, 2)}\n` : text());
  }

  /** An answer that is too long to be held: page by page, no faster than its reader takes it. */
  async answerPages<Row extends object>(
    columns: readonly Column<Row>[],
    pages: AsyncIterable<readonly Row[]>,
    { csv }: { readonly csv: boolean },
  ): Promise<void> {
    const { terminal } = this.surroundings;
    const form = csv ? 'csv' : this.common.json === true ? 'json' : 'table';
    for await (const text of pagedText(form, columns, pages)) {
      terminal.out(text);
      await terminal.drained?.();
    }
  }

  /** Ends with this status though the answer was given: what it says is not well. */
  failQuietly(status = FAILURE_STATUS): never {
    throw new AnsweredFailure(status);
  }

  /** A remark beside the answer. */
  note(text: string): void {
    this.surroundings.terminal.err(`${text}\n`);
  }

  /** Who does this, for the audit. @throws OdographError INPUT_INVALID */
  actor(): string {
    const { actor = defaultActor() } = this.common;
    if (actor.trim() === '') throw new OdographError('INPUT_INVALID', { detail: '--actor is empty' });
    return actor;
  }
}
