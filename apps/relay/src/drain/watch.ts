import { type Database, statement } from '@app/common/database';
import { type Ownership } from '@app/common/leases';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type RetryTable } from '../retry';
import { type DrainMetrics } from './drain.metrics';
import { partOfLease } from './part-leases';
import findBlocker from './sql/find-blocker.sql';
import readBacklog from './sql/read-backlog.sql';

const BACKLOG = statement('drain.read-backlog', readBacklog);
const BLOCKER = statement('drain.find-blocker', findBlocker);

const WATCH_MS = 5_000;
/** Counting on would cost more than the number is worth. */
const MOST_COUNTED = 10_000;
/** A transaction that writes for longer than this is named: no message behind it is read. */
const LONG_OPEN_S = 10;

/** The open transaction that keeps messages from being read. */
export interface Blocker {
  /** Absent for a prepared transaction. */
  readonly pid: number | null;
  readonly application: string | null;
  /** Null where the role may not see it. */
  readonly open_seconds: number | null;
  readonly query_seconds: number | null;
}

interface BacklogRow {
  readonly part: number;
  readonly rows: number;
  readonly behind_seconds: number;
  readonly kept_seconds: number;
}

export interface WatchOptions {
  readonly database: Pick<Database, 'query'>;
  readonly retries: Pick<RetryTable, 'waiting' | 'count'>;
  readonly ownership: Pick<Ownership, 'usable'>;
  readonly leaseTimeMs: number;
  readonly metrics: DrainMetrics;
  readonly logger: Logger;
}

/** Measures what waits in the parts of this process, and who keeps it waiting. Nothing else depends on it. */
export class OutboxWatch {
  readonly loop: Loop;
  private blocker: { readonly by: Blocker; readonly sinceMs: number } | undefined;

  constructor(private readonly options: WatchOptions) {
    const { logger } = options;
    this.loop = new Loop({ name: 'outbox watch', logger, round: () => this.look().then(() => WATCH_MS) });
  }

  /** In words for /health, or undefined while no transaction is open for long. */
  get blockedBy(): string | undefined {
    if (this.blocker === undefined || this.openSeconds() < LONG_OPEN_S) return undefined;
    const { pid, application, query_seconds } = this.blocker.by;
    const who = pid === null ? `${application}` : `backend ${pid} (${application ?? 'unnamed'})`;
    const query = query_seconds === null ? '' : `, its last query began ${Math.round(query_seconds)} s ago`;
    return `${who} writes since ${Math.round(this.openSeconds())} s${query}`;
  }

  async look(): Promise<void> {
    const { database, metrics, ownership } = this.options;
    const parts = ownership.usable().map(({ name }) => partOfLease(name));
    const backlog = await database.query<BacklogRow>(BACKLOG, [parts, MOST_COUNTED]);
    const most = (of: (row: BacklogRow) => number): number => Math.max(0, ...backlog.map(of));
    metrics.backlog.set(backlog.reduce((sum, { rows }) => sum + rows, 0));
    metrics.oldest.set(
      { lane: 'log' },
      most((row) => row.behind_seconds),
    );
    metrics.oldestKept.set(most((row) => row.kept_seconds));
    await this.lookAtRetries(parts);
    await this.lookForBlocker();
  }

  private async lookAtRetries(parts: readonly number[]): Promise<void> {
    const { retries, metrics, leaseTimeMs } = this.options;
    const heads = await retries.waiting(parts, leaseTimeMs);
    metrics.parkedKeys.set(heads.filter(({ key }) => key !== undefined).length);
    const waits = heads.map(({ waitMs = 0 }) => -waitMs / 1000);
    metrics.oldest.set({ lane: 'retry' }, Math.max(0, ...waits));
    metrics.retryDepth.reset();
    for (const { kind, state, rows } of await retries.count(parts))
      metrics.retryDepth.set({ kind, state }, rows);
  }

  /** Its age by our own clock, where the server does not tell: from when it was first seen. */
  private async lookForBlocker(): Promise<void> {
    const [by] = await this.options.database.query<Blocker>(BLOCKER);
    const isSame = by !== undefined && by.pid === this.blocker?.by.pid;
    const seenAtMs = performance.now() - (by?.open_seconds ?? 0) * 1000;
    const sinceMs = isSame && by.open_seconds === null ? (this.blocker?.sinceMs ?? seenAtMs) : seenAtMs;
    this.blocker = by && { by, sinceMs };
    this.options.metrics.xminAge.set(this.openSeconds());
    if (this.blockedBy !== undefined)
      this.options.logger.warn({ event: 'outbox_blocked', by: this.blockedBy });
  }

  private openSeconds(): number {
    return this.blocker === undefined ? 0 : (performance.now() - this.blocker.sinceMs) / 1000;
  }
}
