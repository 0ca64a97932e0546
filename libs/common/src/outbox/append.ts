import { type OutboxDraft, partOf } from '../contracts';
import { BinaryArray, type BinaryType, binaryTypes, statement, Transaction } from '../database';
import { OdographError } from '../errors';
import { checkDraft } from './messages';
import appendMessages from './sql/append-messages.sql';

const { int2, text, uuid } = binaryTypes;

const APPEND = statement('outbox.append', appendMessages);

/**
 * Appends messages in the caller's transaction, so that they exist exactly when the change exists that they tell of.
 * Messages of one key are published in the order of this list and of the commits.
 *
 * @throws OdographError TRANSACTION_REQUIRED outside an open transaction, OUTBOX_MESSAGE_INVALID before any write.
 */
export async function appendBatch(transaction: Transaction, drafts: readonly OutboxDraft[]): Promise<void> {
  const columns = checkedColumns(transaction, drafts);
  if (columns !== undefined) await transaction.query(APPEND, columns);
}

/** As {@link appendBatch}, with the next statement or with COMMIT, which fails where this fails. */
export function sendBatch(transaction: Transaction, drafts: readonly OutboxDraft[]): void {
  const columns = checkedColumns(transaction, drafts);
  if (columns !== undefined) transaction.send(APPEND, columns);
}

function checkedColumns(transaction: Transaction, drafts: readonly OutboxDraft[]): Buffer[] | undefined {
  // The type says it already, but a producer in plain JavaScript or behind a cast must not write outside of one.
  if (!(transaction instanceof Transaction)) throw new OdographError('TRANSACTION_REQUIRED');
  for (const draft of drafts) checkDraft(draft);
  if (drafts.length === 0) return undefined;
  const column = <Value>(type: BinaryType<Value>, value: (draft: OutboxDraft) => Value): Buffer =>
    BinaryArray.of(type, drafts.map(value));
  return [
    column(int2, ({ key }) => partOf(key)),
    column(text, ({ topic }) => topic),
    column(text, ({ key }) => key),
    column(uuid, ({ eventId }) => eventId),
    column(text, ({ tenantId }) => tenantId),
    column(text, ({ traceparent }) => traceparent),
    column(text, ({ fields }) => JSON.stringify(fields)),
  ];
}

/** See {@link appendBatch}. */
export function append(transaction: Transaction, draft: OutboxDraft): Promise<void> {
  return appendBatch(transaction, [draft]);
}

/** The channel that a commit with messages notifies. */
export const OUTBOX_CHANNEL = 'outbox';
