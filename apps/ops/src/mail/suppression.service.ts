import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change, DEFAULT_TENANT } from '../cli';
import listStatement from './sql/list-suppressions.sql';
import removeStatement from './sql/remove-suppression.sql';

const LIST = statement('mail_list_suppressions', listStatement);
const REMOVE = statement('mail_remove_suppression', removeStatement);

/** A row of notification.mail_suppression. */
export interface SuppressionRow {
  readonly address: string;
  readonly reason: string;
  readonly smtp_code: number | null;
  readonly smtp_text: string | null;
  readonly delivery_id: string | null;
  readonly since: Date;
}

/** The newest first. */
export function listSuppressions(
  source: QuerySource,
  address: string | undefined,
  count: number,
): Promise<readonly SuppressionRow[]> {
  return source.query<SuppressionRow & Record<string, unknown>>(LIST, [address ?? null, count]);
}

/** From here on mails go to that address again. @throws OdographError NOT_FOUND */
export async function removeSuppression(
  transaction: Transaction,
  address: string,
): Promise<Change<SuppressionRow>> {
  const [before] = await transaction.query<SuppressionRow & Record<string, unknown>>(REMOVE, [address]);
  if (before === undefined)
    throw new OdographError('NOT_FOUND', { detail: 'that address is not suppressed' });
  return { outcome: 'removed', tenantId: DEFAULT_TENANT, subject: before.address, before, after: null };
}
