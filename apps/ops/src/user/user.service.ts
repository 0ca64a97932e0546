import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { changeOf, DEFAULT_TENANT, isRemoved, type Change } from '../cli';
import findStatement from './sql/find-user.sql';
import listStatement from './sql/list-users.sql';
import putStatement from './sql/put-user.sql';
import removeStatement from './sql/remove-user.sql';
import { type UserDraft, type UserKey } from './user.schema';

const FIND = statement('user_find', findStatement);
const LIST = statement('user_list', listStatement);
const PUT = statement('user_put', putStatement);
const REMOVE = statement('user_remove', removeStatement);

const DEFAULT_LOCALE = 'en';
const DEFAULT_TIMEZONE = 'UTC';

/** A row of notification.user_account. */
export interface UserRow {
  readonly user_id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly locale: string;
  readonly timezone: string;
  readonly enabled: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly removed_at: Date | null;
}

export async function listUsers(source: QuerySource, tenantId: string | null): Promise<readonly UserRow[]> {
  return source.query<UserRow>(LIST, [tenantId]);
}

/** The user of that id, in whatever tenant, removed or not. */
export async function findUsers(
  source: QuerySource,
  { user_id: userId }: UserKey,
): Promise<readonly UserRow[]> {
  return source.query<UserRow>(FIND, [userId]);
}

/**
 * Adds a user, changes what the draft names of one that is there, or brings a removed one back.
 *
 * @throws OdographError INPUT_INVALID where a new user comes without an address.
 */
export async function putUser(transaction: Transaction, draft: UserDraft): Promise<Change<UserRow>> {
  const [before = null] = await findUsers(transaction, draft);
  const email = draft.email ?? before?.email;
  if (email === undefined)
    throw new OdographError('INPUT_INVALID', { detail: 'a new user needs an email address' });
  const wanted = {
    tenant_id: draft.tenant ?? before?.tenant_id ?? DEFAULT_TENANT,
    email,
    locale: draft.locale ?? before?.locale ?? DEFAULT_LOCALE,
    timezone: draft.timezone ?? before?.timezone ?? DEFAULT_TIMEZONE,
  };
  if (before !== null && isAsAsked(before, wanted)) return changeOf(draft.user_id, before, before);
  const { tenant_id: tenantId, locale, timezone } = wanted;
  const [after] = await transaction.query<UserRow>(PUT, [draft.user_id, tenantId, email, locale, timezone]);
  return changeOf(draft.user_id, before, written(after));
}

/** @throws OdographError NOT_FOUND */
export async function removeUser(transaction: Transaction, key: UserKey): Promise<Change<UserRow>> {
  const before = await liveUser(transaction, key);
  const [after] = await transaction.query<UserRow>(REMOVE, [key.user_id]);
  return changeOf(key.user_id, before, written(after));
}

/**
 * @param tenantId The tenant that the user has to belong to; any, when left out.
 * @throws OdographError NOT_FOUND where there is none, or none any more.
 */
export async function liveUser(source: QuerySource, key: UserKey, tenantId?: string): Promise<UserRow> {
  const [user] = await findUsers(source, key);
  const isOthers = tenantId !== undefined && user?.tenant_id !== tenantId;
  if (user !== undefined && !isRemoved(user) && !isOthers) return user;
  const where = tenantId === undefined ? '' : ` in tenant ${tenantId}`;
  throw new OdographError('NOT_FOUND', { detail: `no user ${key.user_id}${where}` });
}

function isAsAsked(
  row: UserRow,
  wanted: Pick<UserRow, 'tenant_id' | 'email' | 'locale' | 'timezone'>,
): boolean {
  return (
    !isRemoved(row) &&
    row.enabled &&
    row.tenant_id === wanted.tenant_id &&
    row.email === wanted.email &&
    row.locale === wanted.locale &&
    row.timezone === wanted.timezone
  );
}

function written(row: UserRow | undefined): UserRow {
  if (row === undefined) throw new Error('a user was written and not returned');
  return row;
}
