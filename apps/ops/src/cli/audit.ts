import { statement, type Transaction } from '@app/common/database';
import insertAudit from './sql/insert-audit.sql';

const INSERT_AUDIT = statement('cli_insert_audit', insertAudit);

export interface AuditedAction {
  readonly actor: string;
  /** `<noun>.<verb>`. */
  readonly action: string;
}

/** What stands in the audit: a change, or a step of something that no transaction takes back. */
export interface AuditEntry {
  readonly outcome: string;
  readonly tenantId: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Writes what was done into the transaction that does it: there is no change without its entry. */
export async function appendAudit(
  transaction: Transaction,
  { actor, action }: AuditedAction,
  changes: readonly AuditEntry[],
): Promise<void> {
  if (changes.length === 0) return;
  await transaction.query(INSERT_AUDIT, [
    actor,
    action,
    changes.map(({ tenantId }) => tenantId),
    changes.map(({ subject }) => subject),
    changes.map(({ outcome, before, after }) => JSON.stringify({ outcome, before, after })),
  ]);
}
