/** What a verb did to one thing; each becomes a row of the audit, also where everything was as asked already. */
export interface Change<Row> {
  readonly outcome: 'added' | 'revived' | 'updated' | 'unchanged' | 'removed';
  readonly tenantId: string;
  /** What it was done to, as the operator names it: an IMEI, a name, a user id. */
  readonly subject: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

interface Keyed {
  readonly tenant_id: string;
  readonly removed_at?: Date | null;
}

/** The change from one state of a row to another. */
export function changeOf<Row extends Keyed>(subject: string, before: Row | null, after: Row): Change<Row> {
  return { outcome: outcomeOf(before, after), tenantId: after.tenant_id, subject, before, after };
}

function outcomeOf(before: Keyed | null, after: Keyed): Change<Keyed>['outcome'] {
  if (before === null) return 'added';
  if (before === after) return 'unchanged';
  if (isRemoved(after)) return 'removed';
  return isRemoved(before) ? 'revived' : 'updated';
}

export const isRemoved = ({ removed_at: removedAt }: Keyed): boolean =>
  removedAt !== undefined && removedAt !== null;
