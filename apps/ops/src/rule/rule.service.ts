import { isDeepStrictEqual } from 'node:util';
import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { changeOf, isRemoved, type Change } from '../cli';
import { liveDevice } from '../device';
import { settingsOf, type RuleDraft, type RuleKey } from './rule.schema';
import findStatement from './sql/find-rule.sql';
import insertStatement from './sql/insert-rule.sql';
import listStatement from './sql/list-rules.sql';
import removeStatement from './sql/remove-rule.sql';
import updateStatement from './sql/update-rule.sql';

const FIND = statement('rule_find', findStatement);
const INSERT = statement('rule_insert', insertStatement);
const LIST = statement('rule_list', listStatement);
const REMOVE = statement('rule_remove', removeStatement);
const UPDATE = statement('rule_update', updateStatement);

/** A row of telemetry.rule, with the IMEI of its device; null for every device of the tenant. */
export interface RuleRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly kind: string;
  readonly device: string | null;
  readonly settings: Readonly<Record<string, number>>;
  readonly version: number;
  readonly valid_from: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly removed_at: Date | null;
}

export async function listRules(source: QuerySource, tenantId: string | null): Promise<readonly RuleRow[]> {
  return source.query<RuleRow>(LIST, [tenantId]);
}

/** The rule of that name, removed or not. */
export async function findRules(source: QuerySource, { tenant, name }: RuleKey): Promise<readonly RuleRow[]> {
  return source.query<RuleRow>(FIND, [tenant, name]);
}

/**
 * Adds a rule, or makes the one of that name what the draft says: a new version from `since` (now, when left out) on.
 * It keeps its id, which its events carry.
 *
 * @throws OdographError NOT_FOUND where its device is not one of the tenant's.
 */
export async function putRule(transaction: Transaction, draft: RuleDraft): Promise<Change<RuleRow>> {
  const [before = null] = await findRules(transaction, draft);
  const device =
    draft.device === undefined ? null : await liveDevice(transaction, { imei: draft.device }, draft.tenant);
  if (before !== null && isAsAsked(before, draft)) return changeOf(draft.name, before, before);
  const values = [draft.kind, device?.id ?? null, JSON.stringify(settingsOf(draft)), draft.since ?? null];
  if (before === null) await transaction.query(INSERT, [draft.tenant, draft.name, ...values]);
  else await transaction.query(UPDATE, [before.id, ...values]);
  return changeOf(draft.name, before, await written(transaction, draft));
}

/** @throws OdographError NOT_FOUND */
export async function removeRule(transaction: Transaction, key: RuleKey): Promise<Change<RuleRow>> {
  const [before] = await findRules(transaction, key);
  if (before === undefined || isRemoved(before))
    throw new OdographError('NOT_FOUND', { detail: `no rule "${key.name}" in tenant ${key.tenant}` });
  await transaction.query(REMOVE, [before.id]);
  return changeOf(key.name, before, await written(transaction, key));
}

/** A version that says nothing new would only cut the judging of late records short. */
function isAsAsked(row: RuleRow, draft: RuleDraft): boolean {
  return (
    !isRemoved(row) &&
    row.kind === draft.kind &&
    row.device === (draft.device ?? null) &&
    isDeepStrictEqual(row.settings, settingsOf(draft)) &&
    (draft.since === undefined || row.valid_from.getTime() === draft.since.getTime())
  );
}

async function written(transaction: Transaction, key: RuleKey): Promise<RuleRow> {
  const [row] = await findRules(transaction, key);
  if (row === undefined) throw new Error('a rule was written and is not there');
  return row;
}
