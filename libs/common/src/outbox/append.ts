import { type OutboxDraft, partOf } from '../contracts';
import { statement, Transaction } from '../database';
import { OdographError } from '../errors';
import { checkDraft } from './messages';
import appendMessages from './sql/append-messages.sql';

const APPEND = statement('outbox.append', appendMessages);

/**
 * Appends messages in the caller's transaction, so that they exist exactly when the change exists that they tell of.
 * Messages of one key are published in the order of this list and of the commits.
 *
 * @throws OdographError TRANSACTION_REQUIRED outside an open transaction, OUTBOX_MESSAGE_INVALID before any write.
 */
export async function appendBatch(transaction: Transaction, drafts: readonly OutboxDraft[]): Promise<void> {
  // The type says it already, but a producer in plain JavaScript or behind a cast must not write outside of one.
  if (!(transaction instanceof Transaction)) throw new OdographError('TRANSACTION_REQUIRED');
  for (const draft of drafts) checkDraft(draft);
  if (drafts.length === 0) return;
  await transaction.query(APPEND, [
    drafts.map(({ key }) => partOf(key)),
    drafts.map(({ topic }) => topic),
    drafts.map(({ key }) => key),
    drafts.map(({ eventId }) => eventId),
    drafts.map(({ tenantId }) => tenantId),
    drafts.map(({ traceparent }) => traceparent),
    drafts.map(({ fields }) => JSON.stringify(fields)),
  ]);
}

/** See {@link appendBatch}. */
export function append(transaction: Transaction, draft: OutboxDraft): Promise<void> {
  return appendBatch(transaction, [draft]);
}

/** The channel that a commit with messages notifies. */
export const OUTBOX_CHANNEL = 'outbox';
