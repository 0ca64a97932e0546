import { type OutboxTopic } from '@app/common/contracts';
import { type Entry, entryOf } from './entry';
import { type GiveUpReason, type Outcome, type RetryRow, type SettledRow } from './retry-row';
import { isExhausted, nextDelayMs, type RetryStrategy } from './strategy';
import { lastErrorOf } from './last-error';

export interface RetryLimits {
  readonly strategy: RetryStrategy;
  /** Claims that a message may take; beyond, it is given up unseen. */
  readonly maxDeliveries: number;
}

/** Rows that must go out one behind the other: those of a parked key; a timer or a replay waits for no other. */
interface Line {
  readonly rows: RetryRow[];
}

/** The rows of one claim, and what has become of them so far. */
export class ClaimedLines {
  private readonly lines: Line[] = [];
  private readonly lineOf = new Map<bigint, Line>();
  private readonly outcomes = new Map<bigint, Outcome>();

  constructor(
    private readonly rows: readonly RetryRow[],
    private readonly limits: RetryLimits,
  ) {
    const keys = new Map<string, Line>();
    for (const row of rows) {
      const line = (row.kind === 'parked' ? keys.get(row.key) : undefined) ?? this.newLine();
      if (row.kind === 'parked') keys.set(row.key, line);
      line.rows.push(row);
      this.lineOf.set(row.id, line);
    }
  }

  /**
   * What can go out now in one call: the entries of one topic that stand first in their lines. A line whose first row
   * can never go out ends there. Empty when nothing is left to try.
   */
  nextCall(): Entry<RetryRow>[] {
    const call: Entry<RetryRow>[] = [];
    let topic: OutboxTopic | undefined;
    for (const line of this.lines) {
      for (const [index, row] of line.rows.entries()) {
        const entry = this.entryOrEnd(row, index === 0);
        if (entry === undefined || (topic ?? entry.topic) !== entry.topic) break;
        topic = entry.topic;
        call.push(entry);
      }
    }
    return call;
  }

  /** These, which stood first in their lines, are in their stream. */
  published(entries: readonly Entry<RetryRow>[]): void {
    for (const { message } of entries) {
      this.outcomes.set(message.id, { kind: 'published' });
      this.lineOf.get(message.id)?.rows.shift();
    }
  }

  /** The first of its line was refused for what it is: what stands behind it waits on. */
  refused(row: RetryRow, words: string): void {
    const attempts = row.attempts + 1;
    const waitMs = nextDelayMs(this.limits.strategy, { attempts, triedForMs: row.triedForMs });
    const error = lastErrorOf(words);
    if (waitMs === undefined)
      this.end(row, { kind: 'givenUp', reason: 'retry_terminal', attempts: 1, error });
    else this.end(row, { kind: 'refused', waitMs, error });
  }

  /** What became of each row of the claim. */
  settled(): SettledRow[] {
    return this.rows.map((row) => ({ row, outcome: this.outcomes.get(row.id) ?? { kind: 'untried' } }));
  }

  /** The entry of a row, or undefined where it gets none; its line ends then if the row is the first of it. */
  private entryOrEnd(row: RetryRow, isFirst: boolean): Entry<RetryRow> | undefined {
    const entry = entryOf(row);
    const isEntry = typeof entry !== 'string';
    const reason = isEntry ? this.reasonAgainst(row) : 'rejected';
    if (isEntry && reason === undefined) return entry;
    const error = isEntry ? undefined : lastErrorOf(entry);
    if (isFirst && reason !== undefined) this.end(row, { kind: 'givenUp', reason, attempts: 0, error });
    return undefined;
  }

  private reasonAgainst({ deliveries, attempts }: RetryRow): GiveUpReason | undefined {
    if (deliveries > this.limits.maxDeliveries) return 'max_deliveries';
    return isExhausted(this.limits.strategy, attempts) ? 'retry_terminal' : undefined;
  }

  private end(row: RetryRow, outcome: Outcome): void {
    this.outcomes.set(row.id, outcome);
    const line = this.lineOf.get(row.id);
    if (line !== undefined) line.rows.length = 0;
  }

  private newLine(): Line {
    const line: Line = { rows: [] };
    this.lines.push(line);
    return line;
  }
}
