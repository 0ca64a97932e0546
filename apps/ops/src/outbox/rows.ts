import { constraintOf, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change, DEFAULT_TENANT } from '../cli';
import { type RowName } from './outbox.schema';
import { wakeRelay } from './outbox.service';
import chooseRows from './sql/choose-rows.sql';
import reopenRowsSql from './sql/reopen-rows.sql';
import skipRowsSql from './sql/skip-rows.sql';

const CHOOSE = statement('outbox_choose_rows', chooseRows);
const REOPEN = statement('outbox_reopen_rows', reopenRowsSql);
const SKIP = statement('outbox_skip_rows', skipRowsSql);

/** A relay that has held a row for so long is gone: leases last seconds, and a living one takes it over. */
const ABANDONED_AFTER_MS = 600_000;

/** A row of `outbox.retry` that is not done. */
export interface RetryRow {
  readonly row_id: string;
  readonly kind: 'parked' | 'timer' | 'replay';
  readonly state: string;
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly attempts: number;
  readonly deliveries: number;
  readonly last_error: string | null;
  readonly next_attempt_at: Date;
}

interface ChosenRow extends RetryRow {
  readonly leased: boolean;
  readonly abandoned: boolean | null;
}

/**
 * Publishes the rows now, with attempts and deliveries counted from zero; a dead one lives again, and its letter counts
 * as replayed.
 *
 * @throws OdographError NOT_FOUND, STILL_IN_USE where a relay holds one.
 */
export async function retryRows(
  transaction: Transaction,
  name: RowName,
): Promise<readonly Change<RetryRow>[]> {
  const rows = await chosenRows(transaction, name);
  await reopen(
    transaction,
    rows.map(({ row_id: id }) => id),
  );
  return rows.map((row) => changeOf(row, { ...row, state: 'open', attempts: 0, deliveries: 0 }));
}

/**
 * Gives the rows up for good, with their letters; what waits behind them goes on.
 *
 * @throws OdographError NOT_FOUND, STILL_IN_USE where a relay holds one.
 */
export async function skipRows(
  transaction: Transaction,
  name: RowName,
  reason: string,
): Promise<readonly Change<RetryRow & { reason: string }>[]> {
  const rows = await chosenRows(transaction, name);
  await skip(
    transaction,
    rows.map(({ row_id: id }) => id),
  );
  return rows.map((row) => changeOf({ ...row, reason }, { ...row, state: 'skipped', reason }));
}

/** @throws OdographError STILL_IN_USE where a timer's name is taken by another one meanwhile. */
export async function reopen(transaction: Transaction, rowIds: readonly string[]): Promise<void> {
  try {
    await transaction.query(REOPEN, [rowIds]);
  } catch (error) {
    if (constraintOf(error) !== 'retry_timer_uq') throw error;
    throw new OdographError('STILL_IN_USE', { detail: 'another timer of that name waits', cause: error });
  }
  await wakeRelay(transaction);
}

export async function skip(transaction: Transaction, rowIds: readonly string[]): Promise<void> {
  await transaction.query(SKIP, [rowIds]);
  await wakeRelay(transaction);
}

async function chosenRows(
  transaction: Transaction,
  { rowId, eventId }: RowName,
): Promise<readonly RetryRow[]> {
  const rows = await transaction.query<ChosenRow>(CHOOSE, [rowId, eventId, ABANDONED_AFTER_MS]);
  if (rows.length === 0) {
    throw new OdographError('NOT_FOUND', {
      detail: `nothing waits in the retry lane as ${rowId ?? eventId}`,
    });
  }
  const held = rows.find(({ leased, abandoned }) => leased && abandoned !== true);
  if (held !== undefined) {
    throw new OdographError('STILL_IN_USE', { detail: `a relay is publishing row ${held.row_id} now` });
  }
  return rows.map(({ leased: _leased, abandoned: _abandoned, ...row }) => row);
}

function changeOf<Row extends RetryRow>(before: Row, after: Row): Change<Row> {
  const subject = `outbox:${before.row_id}`;
  return { outcome: 'updated', tenantId: DEFAULT_TENANT, subject, before, after };
}
