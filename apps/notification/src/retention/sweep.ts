import { setTimeout as delay } from 'node:timers/promises';
import { type Database, statement, type Statement } from '@app/common/database';
import deleteAllowances from './sql/delete-allowances.sql';
import deleteCollapse from './sql/delete-collapse.sql';
import deleteDeadLetters from './sql/delete-dead-letters.sql';
import deleteMalformedIntents from './sql/delete-malformed-intents.sql';
import deleteRecords from './sql/delete-records.sql';

/** How long each kind of row is kept, in milliseconds. */
export interface Keeps {
  readonly recordMs: number;
  readonly deadLetterMs: number;
  readonly malformedIntentMs: number;
}

/** One kind of row that goes by age. */
export interface Sweep {
  readonly what: string;
  readonly keepMs: number;
  readonly statement: Statement;
  /** The place before the first row; undefined for a table whose oldest rows are always the ones to go. */
  readonly start: readonly string[] | undefined;
}

/** Longer than the longest window of a throttle. */
const ALLOWANCE_KEEP_MS = 8 * 24 * 3_600_000;

/** What goes, in this order: a record stays as long as it has a dead letter. */
export function sweepsOf({ recordMs, deadLetterMs, malformedIntentMs }: Keeps): readonly Sweep[] {
  return [
    {
      what: 'dead_letter',
      keepMs: deadLetterMs,
      statement: statement('retention.delete-dead-letters', deleteDeadLetters),
      start: undefined,
    },
    {
      what: 'record',
      keepMs: recordMs,
      statement: statement('retention.delete-records', deleteRecords),
      start: ['-infinity', '00000000-0000-0000-0000-000000000000'],
    },
    {
      what: 'malformed_intent',
      keepMs: malformedIntentMs,
      statement: statement('retention.delete-malformed-intents', deleteMalformedIntents),
      start: undefined,
    },
    {
      what: 'collapse',
      keepMs: recordMs,
      statement: statement('retention.delete-collapse', deleteCollapse),
      start: ['', '', '', ''],
    },
    {
      what: 'allowance',
      keepMs: ALLOWANCE_KEEP_MS,
      statement: statement('retention.delete-allowances', deleteAllowances),
      start: ['', '', ''],
    },
  ];
}

export interface SweepOptions {
  /** Most rows that one transaction looks at; each is a call of its own. */
  readonly batch: number;
  /** Between two batches, so that intake and publishers get their turn at disk and locks. */
  readonly pauseMs: number;
}

interface Batch {
  readonly looked: number;
  readonly deleted: number;
  readonly last: readonly string[] | null;
}

/** Goes once over what is old enough, batch by batch, until the end or until it is told to stop. @returns rows deleted. */
export async function sweepOnce(
  database: Pick<Database, 'query'>,
  sweep: Sweep,
  { batch, pauseMs }: SweepOptions,
  signal: AbortSignal,
): Promise<number> {
  let place = sweep.start;
  let deleted = 0;
  while (!signal.aborted) {
    const [row] = await database.query<Batch>(sweep.statement, [
      sweep.keepMs,
      batch,
      ...(place === undefined ? [] : [place]),
    ]);
    deleted += row?.deleted ?? 0;
    if (row === undefined || row.looked < batch) break;
    place = row.last ?? place;
    await pause(pauseMs, signal);
  }
  return deleted;
}

async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(pauseMs, undefined, { signal });
  } catch (error) {
    // The signal ended the pause early; the loop looks at it next.
    if (!signal.aborted) throw error;
  }
}
