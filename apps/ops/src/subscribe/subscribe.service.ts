import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change } from '../cli';
import { liveDevice } from '../device';
import { liveUser } from '../user';
import deleteStatement from './sql/delete-subscription.sql';
import findStatement from './sql/find-subscription.sql';
import insertStatement from './sql/insert-subscription.sql';
import listStatement from './sql/list-subscriptions.sql';
import { type SubscriptionDraft, type SubscriptionsOfUser } from './subscribe.schema';

const DELETE = statement('subscription_delete', deleteStatement);
const FIND = statement('subscription_find', findStatement);
const INSERT = statement('subscription_insert', insertStatement);
const LIST = statement('subscription_list', listStatement);

/** A row of telemetry.subscription, with the IMEI of its device; null stands for every device, every kind. */
export interface SubscriptionRow {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly device: string | null;
  readonly kind: string | null;
  readonly created_at: Date;
}

export async function listSubscriptions(
  source: QuerySource,
  tenantId: string | null,
): Promise<readonly SubscriptionRow[]> {
  return source.query<SubscriptionRow>(LIST, [tenantId, null]);
}

/** All that one user of a tenant is subscribed to. */
export async function subscriptionsOf(
  source: QuerySource,
  { tenant, user_id: userId }: SubscriptionDraft,
): Promise<readonly SubscriptionRow[]> {
  return source.query<SubscriptionRow>(LIST, [tenant, userId]);
}

/** @throws OdographError NOT_FOUND where user or device are not of the tenant: nobody would ever be told. */
export async function putSubscription(
  transaction: Transaction,
  draft: SubscriptionDraft,
): Promise<Change<SubscriptionRow>> {
  await liveUser(transaction, draft, draft.tenant);
  const device =
    draft.device === undefined ? null : await liveDevice(transaction, { imei: draft.device }, draft.tenant);
  const before = await findSubscription(transaction, draft);
  if (before !== undefined) return change(draft, 'unchanged', before, before);
  const { tenant, user_id: userId, kind } = draft;
  await transaction.query(INSERT, [tenant, userId, device?.id ?? null, kind ?? null]);
  const after = await findSubscription(transaction, draft);
  if (after === undefined) throw new Error('a subscription was written and is not there');
  return change(draft, 'added', null, after);
}

/**
 * Removes exactly the subscription that is named, not what it covers.
 *
 * @throws OdographError NOT_FOUND
 */
export async function removeSubscription(
  transaction: Transaction,
  key: SubscriptionDraft,
): Promise<Change<SubscriptionRow>> {
  const before = await findSubscription(transaction, key);
  if (before === undefined) {
    const detail = `${key.user_id} has no subscription with exactly this device and kind in tenant ${key.tenant}`;
    throw new OdographError('NOT_FOUND', { detail });
  }
  await transaction.query(DELETE, identityOf(key));
  return change(key, 'removed', before, null);
}

/** Makes these the user's only subscriptions in the tenant: adds what is missing, removes the others. */
export async function setSubscriptions(
  transaction: Transaction,
  { user_id, tenant, device = [], kind = [] }: SubscriptionsOfUser,
): Promise<readonly Change<SubscriptionRow>[]> {
  const devices = device.length === 0 ? [undefined] : [...new Set(device)];
  const kinds = kind.length === 0 ? [undefined] : [...new Set(kind)];
  const wanted = devices.flatMap((one) =>
    kinds.map((each) => ({ user_id, tenant, device: one, kind: each })),
  );
  const changes: Change<SubscriptionRow>[] = [];
  for (const draft of wanted) changes.push(await putSubscription(transaction, draft));
  const kept = new Set(changes.map(({ after }) => after && nameOf(after)));
  const [first] = wanted;
  const present = first === undefined ? [] : await subscriptionsOf(transaction, first);
  for (const row of present.filter((one) => !kept.has(nameOf(one)))) {
    await transaction.query(DELETE, [tenant, user_id, row.device, row.kind]);
    changes.push({ outcome: 'removed', tenantId: tenant, subject: user_id, before: row, after: null });
  }
  return changes;
}

const nameOf = ({ device, kind }: SubscriptionRow): string => JSON.stringify([device, kind]);

async function findSubscription(
  source: QuerySource,
  key: SubscriptionDraft,
): Promise<SubscriptionRow | undefined> {
  const [row] = await source.query<SubscriptionRow>(FIND, identityOf(key));
  return row;
}

function identityOf({ tenant, user_id: userId, device, kind }: SubscriptionDraft): unknown[] {
  return [tenant, userId, device ?? null, kind ?? null];
}

function change(
  { tenant, user_id: userId }: SubscriptionDraft,
  outcome: Change<SubscriptionRow>['outcome'],
  before: SubscriptionRow | null,
  after: SubscriptionRow | null,
): Change<SubscriptionRow> {
  return { outcome, tenantId: tenant, subject: userId, before, after };
}
