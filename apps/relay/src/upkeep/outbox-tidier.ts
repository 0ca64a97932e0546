import { type Database, statement } from '@app/common/database';
import blockedSlots from './sql/blocked-slots.sql';
import deleteClosedRetries from './sql/delete-closed-retries.sql';
import dropLetterMonths from './sql/drop-letter-months.sql';
import ensureLetterMonths from './sql/ensure-letter-months.sql';
import reclaimOutbox from './sql/reclaim-outbox.sql';

const RECLAIM = statement('upkeep.reclaim-outbox', reclaimOutbox);
const BLOCKED = statement('upkeep.blocked-slots', blockedSlots);
const DELETE_RETRIES = statement('upkeep.delete-closed-retries', deleteClosedRetries);
const ENSURE_MONTHS = statement('upkeep.ensure-letter-months', ensureLetterMonths);
const DROP_MONTHS = statement('upkeep.drop-letter-months', dropLetterMonths);

/** So few that their locks and their dead rows are gone before anybody minds. */
const RETRY_BATCH = 1_000;
/** A round ends even if rows close as fast as they are deleted. */
const RETRY_BATCHES = 100;

/** Why a slot is not emptied: not all of it is published; the ledger lacks its hour; somebody was reading it. */
export const BLOCK_REASONS = ['unread', 'unclosed', 'in_use'] as const;

/** Gives back the space of what the outbox is done with. */
export class OutboxTidier {
  constructor(
    private readonly options: { readonly keepMs: number; readonly deadLetterKeepMs: number },
    private readonly database: Pick<Database, 'query'>,
  ) {}

  /** Empties the slots that it may. @returns how many are left that are as old, by reason. */
  async reclaim(): Promise<Record<string, number>> {
    const { keepMs } = this.options;
    await this.database.query(RECLAIM, [keepMs]);
    const rows = await this.database.query<{ reason: string; slots: number }>(BLOCKED, [keepMs]);
    return Object.fromEntries(rows.map(({ reason, slots }) => [reason, slots]));
  }

  /** Deletes what the retry lane has done with for longer than messages are kept. */
  async deleteClosedRetries(): Promise<void> {
    for (let batch = 0; batch < RETRY_BATCHES; batch += 1) {
      const [row] = await this.database.query<{ deleted: number }>(DELETE_RETRIES, [
        this.options.keepMs,
        RETRY_BATCH,
      ]);
      if ((row?.deleted ?? 0) < RETRY_BATCH) return;
    }
  }

  /** Makes the months of dead letters that are missing, and drops those that are kept no longer. */
  async rotateDeadLetters(): Promise<void> {
    await this.database.query(ENSURE_MONTHS);
    await this.database.query(DROP_MONTHS, [this.options.deadLetterKeepMs]);
  }
}
