import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { changeOf, DEFAULT_TENANT, isRemoved, type Change } from '../cli';
import findStatement from './sql/find-user.sql';
import listStatement from './sql/list-users.sql';
import putQuietHoursStatement from './sql/put-quiet-hours.sql';
import putStatement from './sql/put-user.sql';
import removeQuietHoursStatement from './sql/remove-quiet-hours.sql';
import removeStatement from './sql/remove-user.sql';
import { type UserDraft, type UserKey } from './user.schema';
import { ALL_DAYS, weekdaysOf, weekdaysText } from './weekdays';

const FIND = statement('user_find', findStatement);
const LIST = statement('user_list', listStatement);
const PUT = statement('user_put', putStatement);
const PUT_QUIET_HOURS = statement('user_put_quiet_hours', putQuietHoursStatement);
const REMOVE = statement('user_remove', removeStatement);
const REMOVE_QUIET_HOURS = statement('user_remove_quiet_hours', removeQuietHoursStatement);

const DEFAULTS = { locale: 'en', timezone: 'UTC', units: 'metric', enabled: true } as const;

/** A row of notification.user_account with the user's row of notification.quiet_hours. */
export interface UserRow {
  readonly user_id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly locale: string;
  readonly timezone: string;
  readonly units: 'metric' | 'imperial';
  readonly enabled: boolean;
  /** `22:00-07:00`; null where the user may always be disturbed. */
  readonly quiet_hours: string | null;
  /** On which they begin, as `mon-fri`. */
  readonly quiet_days: string | null;
  /** Null for that of the account. */
  readonly quiet_timezone: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly removed_at: Date | null;
}

interface StoredUser extends Omit<UserRow, 'quiet_days'> {
  readonly quiet_weekdays: number | null;
}

/** Of the row of quiet hours what is to stand there. */
interface QuietHours {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly weekdays: number;
  readonly timezone: string | null;
}

export async function listUsers(source: QuerySource, tenantId: string | null): Promise<readonly UserRow[]> {
  return (await source.query<StoredUser>(LIST, [tenantId])).map(rowOf);
}

/** The user of that id, in whatever tenant, removed or not. */
export async function findUsers(
  source: QuerySource,
  { user_id: userId }: UserKey,
): Promise<readonly UserRow[]> {
  return (await source.query<StoredUser>(FIND, [userId])).map(rowOf);
}

/**
 * Adds a user, changes what the draft names of one that is there, or brings a removed one back.
 *
 * @throws OdographError INPUT_INVALID where a new user comes without an address, or days or zone without quiet hours.
 */
export async function putUser(transaction: Transaction, draft: UserDraft): Promise<Change<UserRow>> {
  const [before = null] = await findUsers(transaction, draft);
  const email = draft.email ?? before?.email;
  if (email === undefined)
    throw new OdographError('INPUT_INVALID', { detail: 'a new user needs an email address' });
  const quiet = quietHoursAfter(before, draft);
  const wanted = {
    tenant_id: draft.tenant ?? before?.tenant_id ?? DEFAULT_TENANT,
    email,
    locale: draft.locale ?? before?.locale ?? DEFAULTS.locale,
    timezone: draft.timezone ?? before?.timezone ?? DEFAULTS.timezone,
    units: draft.units ?? before?.units ?? DEFAULTS.units,
    // Who is brought back is to be told of things again.
    enabled: draft.enabled ?? (before === null || isRemoved(before) ? DEFAULTS.enabled : before.enabled),
    ...quietFields(quiet),
  };
  if (before !== null && isAsAsked(before, wanted)) return changeOf(draft.user_id, before, before);
  const { tenant_id: tenantId, locale, timezone, units, enabled } = wanted;
  await transaction.query(PUT, [draft.user_id, tenantId, email, locale, timezone, units, enabled]);
  await putQuietHours(transaction, draft.user_id, quiet);
  return changeOf(draft.user_id, before, await written(transaction, draft));
}

/** Changes what the draft names. @throws OdographError NOT_FOUND where there is no such user, or none any more. */
export async function setUser(transaction: Transaction, draft: UserDraft): Promise<Change<UserRow>> {
  await liveUser(transaction, draft);
  return putUser(transaction, draft);
}

/** @throws OdographError NOT_FOUND */
export async function removeUser(transaction: Transaction, key: UserKey): Promise<Change<UserRow>> {
  const before = await liveUser(transaction, key);
  await transaction.query(REMOVE, [key.user_id]);
  return changeOf(key.user_id, before, await written(transaction, key));
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

type WantedUser = Omit<UserRow, 'user_id' | 'created_at' | 'updated_at' | 'removed_at'>;

function isAsAsked(row: UserRow, wanted: WantedUser): boolean {
  return (
    !isRemoved(row) &&
    row.enabled === wanted.enabled &&
    row.tenant_id === wanted.tenant_id &&
    row.email === wanted.email &&
    row.locale === wanted.locale &&
    row.timezone === wanted.timezone &&
    row.units === wanted.units &&
    row.quiet_hours === wanted.quiet_hours &&
    row.quiet_days === wanted.quiet_days &&
    row.quiet_timezone === wanted.quiet_timezone
  );
}

/** @throws OdographError INPUT_INVALID for days or a zone of quiet hours that there are none of. */
function quietHoursAfter(before: UserRow | null, draft: UserDraft): QuietHours | null {
  const [startsAt, endsAt] = before?.quiet_hours?.split('-') ?? [];
  const present = startsAt === undefined || endsAt === undefined ? null : { startsAt, endsAt };
  const hours = draft.quiet === undefined ? present : draft.quiet;
  if (hours === null) {
    if (draft.quiet_days === undefined && draft.quiet_timezone === undefined) return null;
    throw new OdographError('INPUT_INVALID', { detail: 'the user has no quiet hours: give them too' });
  }
  const daysBefore = before?.quiet_days ?? undefined;
  return {
    ...hours,
    weekdays: draft.quiet_days ?? (daysBefore === undefined ? undefined : weekdaysOf(daysBefore)) ?? ALL_DAYS,
    timezone: draft.quiet_timezone === undefined ? (before?.quiet_timezone ?? null) : draft.quiet_timezone,
  };
}

async function putQuietHours(
  transaction: Transaction,
  userId: string,
  quiet: QuietHours | null,
): Promise<void> {
  if (quiet === null) {
    await transaction.query(REMOVE_QUIET_HOURS, [userId]);
    return;
  }
  const { startsAt, endsAt, weekdays, timezone } = quiet;
  await transaction.query(PUT_QUIET_HOURS, [userId, startsAt, endsAt, weekdays, timezone]);
}

function quietFields(
  quiet: QuietHours | null,
): Pick<UserRow, 'quiet_hours' | 'quiet_days' | 'quiet_timezone'> {
  if (quiet === null) return { quiet_hours: null, quiet_days: null, quiet_timezone: null };
  const { startsAt, endsAt, weekdays, timezone } = quiet;
  return {
    quiet_hours: `${startsAt}-${endsAt}`,
    quiet_days: weekdaysText(weekdays),
    quiet_timezone: timezone,
  };
}

function rowOf({ quiet_weekdays: weekdays, ...row }: StoredUser): UserRow {
  const { created_at, updated_at, removed_at, quiet_hours, quiet_timezone, ...account } = row;
  const quiet = {
    quiet_hours,
    quiet_days: weekdays === null ? null : weekdaysText(weekdays),
    quiet_timezone,
  };
  return { ...account, ...quiet, created_at, updated_at, removed_at };
}

async function written(transaction: Transaction, key: UserKey): Promise<UserRow> {
  const [row] = await findUsers(transaction, key);
  if (row === undefined) throw new Error('a user was written and is not there');
  return row;
}
