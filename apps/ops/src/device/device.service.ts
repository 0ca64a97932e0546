import { statement, type QuerySource, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { maskImei } from '@app/common/observability';
import { changeOf, DEFAULT_TENANT, isRemoved, type Change } from '../cli';
import { type DeviceDraft, type DeviceKey } from './device.schema';
import findStatement from './sql/find-device.sql';
import listStatement from './sql/list-devices.sql';
import putStatement from './sql/put-device.sql';
import removeStatement from './sql/remove-device.sql';

const FIND = statement('device_find', findStatement);
const LIST = statement('device_list', listStatement);
const PUT = statement('device_put', putStatement);
const REMOVE = statement('device_remove', removeStatement);

/** A row of telemetry.device. */
export interface DeviceRow {
  readonly id: string;
  readonly imei: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly removed_at: Date | null;
}

export async function listDevices(
  source: QuerySource,
  tenantId: string | null,
): Promise<readonly DeviceRow[]> {
  return source.query<DeviceRow>(LIST, [tenantId]);
}

/** The device of that IMEI, in whatever tenant, removed or not. */
export async function findDevices(source: QuerySource, { imei }: DeviceKey): Promise<readonly DeviceRow[]> {
  return source.query<DeviceRow>(FIND, [imei]);
}

/** Adds a device, changes what the draft names of one that is there, or brings a removed one back, enabled. */
export async function putDevice(transaction: Transaction, draft: DeviceDraft): Promise<Change<DeviceRow>> {
  const [before = null] = await findDevices(transaction, draft);
  const live = before !== null && !isRemoved(before) ? before : undefined;
  const tenantId = draft.tenant ?? before?.tenant_id ?? DEFAULT_TENANT;
  const name = draft.name ?? before?.name ?? draft.imei;
  const enabled = draft.enabled ?? live?.enabled ?? true;
  if (live && live.tenant_id === tenantId && live.name === name && live.enabled === enabled)
    return changeOf(draft.imei, live, live);
  const [after] = await transaction.query<DeviceRow>(PUT, [draft.imei, tenantId, name, enabled]);
  return changeOf(draft.imei, before, written(after));
}

/** @throws OdographError NOT_FOUND */
export async function removeDevice(transaction: Transaction, key: DeviceKey): Promise<Change<DeviceRow>> {
  const before = await liveDevice(transaction, key);
  const [after] = await transaction.query<DeviceRow>(REMOVE, [key.imei]);
  return changeOf(key.imei, before, written(after));
}

/**
 * A disabled device stays known and may not send: the edge refuses its logins.
 *
 * @throws OdographError NOT_FOUND
 */
export async function setDeviceEnabled(
  transaction: Transaction,
  key: DeviceKey,
  enabled: boolean,
): Promise<Change<DeviceRow>> {
  await liveDevice(transaction, key);
  return putDevice(transaction, { ...key, enabled });
}

/**
 * @param tenantId The tenant that the device has to belong to; any, when left out.
 * @throws OdographError NOT_FOUND where there is none, or none any more.
 */
export async function liveDevice(source: QuerySource, key: DeviceKey, tenantId?: string): Promise<DeviceRow> {
  const [device] = await findDevices(source, key);
  const isOthers = tenantId !== undefined && device?.tenant_id !== tenantId;
  if (device !== undefined && !isRemoved(device) && !isOthers) return device;
  const where = tenantId === undefined ? '' : ` in tenant ${tenantId}`;
  throw new OdographError('NOT_FOUND', { detail: `no device ${maskImei(key.imei)}${where}` });
}

function written(row: DeviceRow | undefined): DeviceRow {
  if (row === undefined) throw new Error('a device was written and not returned');
  return row;
}
