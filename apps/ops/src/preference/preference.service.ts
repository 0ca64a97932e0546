import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { changeOf, type Change } from '../cli';
import { liveUser } from '../user';
import { ANY, type PreferenceDraft, type PreferenceKey } from './preference.schema';
import findStatement from './sql/find-preference.sql';
import listStatement from './sql/list-preferences.sql';
import putStatement from './sql/put-preference.sql';
import removeStatement from './sql/remove-preference.sql';

const FIND = statement('preference_find', findStatement);
const LIST = statement('preference_list', listStatement);
const PUT = statement('preference_put', putStatement);
const REMOVE = statement('preference_remove', removeStatement);

/** A row of notification.preference; null: nothing is said of it here. */
export interface PreferenceRow {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly notification_type: string;
  readonly channel: string;
  readonly enabled: boolean | null;
  readonly digest_window_s: number | null;
  readonly throttle_limit: number | null;
  readonly throttle_window_s: number | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function listPreferences(
  source: QuerySource,
  tenantId: string | null,
): Promise<readonly PreferenceRow[]> {
  return source.query<PreferenceRow>(LIST, [tenantId, null]);
}

/** What bears on a user: the user's own preferences and those of everybody, in the order in which they are asked. */
export function preferencesOf(
  source: QuerySource,
  { tenant, user_id: userId }: PreferenceKey,
): Promise<readonly PreferenceRow[]> {
  return source.query<PreferenceRow>(LIST, [tenant, userId]);
}

/**
 * Adds a preference, or changes what the draft names of one that is there.
 *
 * @param usersAreHere false where a user service of the deployment's own knows the users, and this database does not.
 * @throws OdographError NOT_FOUND for a user whom the tenant has not; INPUT_INVALID where nothing is left of it.
 */
export async function putPreference(
  transaction: Transaction,
  draft: PreferenceDraft,
  usersAreHere: boolean,
): Promise<Change<PreferenceRow>> {
  if (draft.user_id !== ANY && usersAreHere) await liveUser(transaction, draft, draft.tenant);
  const before = await find(transaction, draft);
  const wanted = wantedOf(before, draft);
  if (Object.values(wanted).every((wish) => wish === null)) {
    throw new OdographError('INPUT_INVALID', {
      detail: 'the preference would say nothing any more: remove it',
    });
  }
  if (before !== null && isAsAsked(before, wanted)) return changeOf(subjectOf(draft), before, before);
  const [after] = await transaction.query<PreferenceRow>(PUT, [
    ...identityOf(draft),
    ...[wanted.enabled, wanted.digest_window_s, wanted.throttle_limit, wanted.throttle_window_s],
  ]);
  if (after === undefined) throw new Error('a preference was written and not returned');
  return changeOf(subjectOf(draft), before, after);
}

/** @throws OdographError NOT_FOUND where there is none for exactly this user, type and channel. */
export async function removePreference(
  transaction: Transaction,
  key: PreferenceKey,
): Promise<Change<PreferenceRow>> {
  const before = await find(transaction, key);
  if (before === null) {
    const detail = `${key.user_id} has no preference for exactly type ${key.type} and channel ${key.channel} in tenant ${key.tenant}`;
    throw new OdographError('NOT_FOUND', { detail });
  }
  await transaction.query(REMOVE, identityOf(key));
  return { outcome: 'removed', tenantId: key.tenant, subject: subjectOf(key), before, after: null };
}

type Wishes = Pick<PreferenceRow, 'enabled' | 'digest_window_s' | 'throttle_limit' | 'throttle_window_s'>;

function wantedOf(before: PreferenceRow | null, { enabled, digest, throttle }: PreferenceDraft): Wishes {
  return {
    enabled: enabled === undefined ? (before?.enabled ?? null) : enabled,
    digest_window_s: digest === undefined ? (before?.digest_window_s ?? null) : digest,
    throttle_limit: throttle === undefined ? (before?.throttle_limit ?? null) : throttle.limit,
    throttle_window_s: throttle === undefined ? (before?.throttle_window_s ?? null) : throttle.windowS,
  };
}

function isAsAsked(row: PreferenceRow, wanted: Wishes): boolean {
  return (
    row.enabled === wanted.enabled &&
    row.digest_window_s === wanted.digest_window_s &&
    row.throttle_limit === wanted.throttle_limit &&
    row.throttle_window_s === wanted.throttle_window_s
  );
}

async function find(source: QuerySource, key: PreferenceKey): Promise<PreferenceRow | null> {
  const [row = null] = await source.query<PreferenceRow>(FIND, identityOf(key));
  return row;
}

const identityOf = ({ tenant, user_id: userId, type, channel }: PreferenceKey): string[] => [
  ...[tenant, userId, type, channel],
];

/** As the audit names it: whose, of what, where. */
const subjectOf = ({ user_id: userId, type, channel }: PreferenceKey): string =>
  `${userId} ${type} ${channel}`;
