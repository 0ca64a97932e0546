import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { changeOf, isRemoved, type Change } from '../cli';
import { hysteresisOf, type GeofenceDraft, type GeofenceKey } from './geofence.schema';
import findStatement from './sql/find-geofence.sql';
import insertStatement from './sql/insert-geofence.sql';
import listStatement from './sql/list-geofences.sql';
import removeStatement from './sql/remove-geofence.sql';
import updateStatement from './sql/update-geofence.sql';

const FIND = statement('geofence_find', findStatement);
const INSERT = statement('geofence_insert', insertStatement);
const LIST = statement('geofence_list', listStatement);
const REMOVE = statement('geofence_remove', removeStatement);
const UPDATE = statement('geofence_update', updateStatement);

/** A row of telemetry.geofence. */
export interface GeofenceRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly radius_m: number;
  readonly hysteresis_m: number;
  readonly dwell_s: number;
  readonly version: number;
  readonly valid_from: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly removed_at: Date | null;
}

export async function listGeofences(
  source: QuerySource,
  tenantId: string | null,
): Promise<readonly GeofenceRow[]> {
  return source.query<GeofenceRow>(LIST, [tenantId]);
}

/** The fence of that name, removed or not. */
export async function findGeofences(
  source: QuerySource,
  { tenant, name }: GeofenceKey,
): Promise<readonly GeofenceRow[]> {
  return source.query<GeofenceRow>(FIND, [tenant, name]);
}

/**
 * Adds a fence, or makes the one of that name what the draft says: a new version from `since` (now, when left out) on.
 * It keeps its id, which its events carry.
 */
export async function putGeofence(
  transaction: Transaction,
  draft: GeofenceDraft,
): Promise<Change<GeofenceRow>> {
  const [before = null] = await findGeofences(transaction, draft);
  if (before !== null && isAsAsked(before, draft)) return changeOf(draft.name, before, before);
  const { longitude, latitude, radius_m: radiusM, dwell_s: dwellS, since = null } = draft;
  const circle = [longitude, latitude, radiusM, hysteresisOf(draft), dwellS, since];
  const [after] =
    before === null
      ? await transaction.query<GeofenceRow>(INSERT, [draft.tenant, draft.name, ...circle])
      : await transaction.query<GeofenceRow>(UPDATE, [before.id, ...circle]);
  return changeOf(draft.name, before, written(after));
}

/** @throws OdographError NOT_FOUND */
export async function removeGeofence(
  transaction: Transaction,
  key: GeofenceKey,
): Promise<Change<GeofenceRow>> {
  const [before] = await findGeofences(transaction, key);
  if (before === undefined || isRemoved(before))
    throw new OdographError('NOT_FOUND', { detail: `no geofence "${key.name}" in tenant ${key.tenant}` });
  const [after] = await transaction.query<GeofenceRow>(REMOVE, [before.id]);
  return changeOf(key.name, before, written(after));
}

/** A version that says nothing new would only cut the judging of late records short. */
function isAsAsked(row: GeofenceRow, draft: GeofenceDraft): boolean {
  return (
    !isRemoved(row) &&
    row.longitude === draft.longitude &&
    row.latitude === draft.latitude &&
    row.radius_m === draft.radius_m &&
    row.hysteresis_m === hysteresisOf(draft) &&
    row.dwell_s === draft.dwell_s &&
    (draft.since === undefined || row.valid_from.getTime() === draft.since.getTime())
  );
}

function written(row: GeofenceRow | undefined): GeofenceRow {
  if (row === undefined) throw new Error('a geofence was written and not returned');
  return row;
}
