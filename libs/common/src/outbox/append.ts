import { type OutboxDraft } from '../contracts';
import { statement, Transaction } from '../database';
import { OdographError } from '../errors';
import { columnsOf } from './columns';
import { checkDraft } from './messages';
import { type OutboxTransaction, runnerOf } from './open-transaction';
import appendMessages from './sql/append-messages.sql';
import {
  type Activation,
  checkTimerOptions,
  insertTimers,
  type TimerOptions,
  type TimerOutcome,
} from './timers';

const APPEND = statement('outbox.append', appendMessages);

/**
 * Appends messages in the caller's transaction, so that they exist exactly when the change exists that they tell of.
 * Messages of one key are published in the order of this list and of the commits; with an activation each is a timer,
 * published when it is due and in no order with the others.
 *
 * @throws OdographError TRANSACTION_REQUIRED outside an open transaction, OUTBOX_MESSAGE_INVALID before any write.
 */
export async function appendBatch(
  transaction: OutboxTransaction,
  drafts: readonly OutboxDraft[],
  activation?: Activation,
): Promise<void> {
  const run = runnerOf(transaction);
  const options =
    activation === undefined ? undefined : checkTimerOptions({ ...activation, timerId: undefined });
  for (const draft of drafts) checkDraft(draft);
  if (drafts.length === 0) return;
  if (options === undefined) await run(APPEND, columnsOf(drafts));
  else await insertTimers(transaction, drafts, options);
}

/** As {@link appendBatch}, with the next statement or with COMMIT, which fails where this fails. */
export function sendBatch(transaction: Transaction, drafts: readonly OutboxDraft[]): void {
  // Other clients have no such way; a producer in plain JavaScript must not write outside of a transaction.
  if (!(transaction instanceof Transaction)) throw new OdographError('TRANSACTION_REQUIRED');
  for (const draft of drafts) checkDraft(draft);
  if (drafts.length > 0) transaction.send(APPEND, columnsOf(drafts));
}

/** See {@link appendBatch}. */
export function append(transaction: OutboxTransaction, draft: OutboxDraft): Promise<void>;
/**
 * Appends a message that is published when it is due: no sooner, and within one polling interval of the relay after.
 *
 * A timer's event id is that of this one firing. A second timer with the id of one that was published in the last two
 * days is taken for the same message, as every repetition is.
 *
 * @throws OdographError TRANSACTION_REQUIRED outside an open transaction, OUTBOX_MESSAGE_INVALID before any write.
 */
export function append(
  transaction: OutboxTransaction,
  draft: OutboxDraft,
  timer: TimerOptions,
): Promise<TimerOutcome>;
export async function append(
  transaction: OutboxTransaction,
  draft: OutboxDraft,
  timer?: TimerOptions,
): Promise<TimerOutcome | void> {
  if (timer === undefined) return appendBatch(transaction, [draft]);
  const options = checkTimerOptions(timer);
  checkDraft(draft);
  return (await insertTimers(transaction, [draft], options)) > 0 ? 'set' : 'exists';
}

/** The channel that a commit with messages notifies. */
export const OUTBOX_CHANNEL = 'outbox';
