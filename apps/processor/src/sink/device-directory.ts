import { type UnknownDevicePolicy } from '@app/common/contracts';
import { statement, type Transaction } from '@app/common/database';
import { maskImei } from '@app/common/observability';
import enrollDevices from './sql/enroll-devices.sql';
import findDevices from './sql/find-devices.sql';

const FIND = statement('sink_find-devices', findDevices);
const ENROLL = statement('sink_enroll-devices', enrollDevices);

export interface KnownDevice {
  readonly id: bigint;
  readonly imei: string;
  readonly tenantId: string;
  readonly name: string;
}

/** Why the records of a device are not stored, in words for the dead letter. */
export interface RefusedDevice {
  readonly refusal: string;
}

export const isKnown = (device: KnownDevice | RefusedDevice): device is KnownDevice => 'id' in device;

interface DeviceRow {
  readonly id: bigint;
  readonly imei: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly is_removed: boolean;
}

interface Cached {
  readonly device: KnownDevice | RefusedDevice;
  readonly readAtMs: number;
}

/** What an operator changes takes effect within this time. */
const FRESH_MS = 2000;
/** Some 20 MB; a larger fleet on one instance asks the database again for those that were asked for longest ago. */
const MAX_CACHED = 100_000;

/** The devices by IMEI, with those enrolled that nobody registered where the policy says so. */
export class DeviceDirectory {
  private readonly cache = new Map<string, Cached>();

  constructor(
    private readonly policy: UnknownDevicePolicy,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Devices that are cached right now. */
  get size(): number {
    return this.cache.size;
  }

  /** Every one of the IMEIs is in the answer. */
  async resolve(
    transaction: Transaction,
    imeis: ReadonlySet<string>,
  ): Promise<Map<string, KnownDevice | RefusedDevice>> {
    const found = new Map<string, KnownDevice | RefusedDevice>();
    const oldestMs = this.now() - FRESH_MS;
    for (const imei of imeis) {
      const cached = this.cache.get(imei);
      if (cached !== undefined && cached.readAtMs >= oldestMs) found.set(imei, cached.device);
    }
    await this.read(transaction, missingOf(imeis, found), found);
    const unregistered = missingOf(imeis, found);
    if (this.policy === 'enroll' && unregistered.length > 0) {
      await transaction.query(ENROLL, [unregistered]);
      // Not into the cache: this transaction may yet be rolled back, and its devices with it.
      for (const row of await transaction.query<DeviceRow>(FIND, [unregistered])) {
        found.set(row.imei, deviceOf(row));
      }
    }
    for (const imei of missingOf(imeis, found)) {
      found.set(imei, { refusal: `device ${maskImei(imei)} is not registered` });
    }
    return found;
  }

  private async read(
    transaction: Transaction,
    imeis: readonly string[],
    found: Map<string, KnownDevice | RefusedDevice>,
  ): Promise<void> {
    if (imeis.length === 0) return;
    const readAtMs = this.now();
    for (const row of await transaction.query<DeviceRow>(FIND, [imeis])) {
      const device = deviceOf(row);
      found.set(row.imei, device);
      // Anew at the end, so that the first of the map is the one read longest ago.
      this.cache.delete(row.imei);
      this.cache.set(row.imei, { device, readAtMs });
    }
    for (const imei of this.cache.keys()) {
      if (this.cache.size <= MAX_CACHED) break;
      this.cache.delete(imei);
    }
  }
}

function missingOf(imeis: ReadonlySet<string>, found: ReadonlyMap<string, unknown>): string[] {
  return [...imeis].filter((imei) => !found.has(imei));
}

function deviceOf({
  id,
  imei,
  tenant_id,
  name,
  enabled,
  is_removed,
}: DeviceRow): KnownDevice | RefusedDevice {
  if (is_removed) return { refusal: `device ${maskImei(imei)} was removed` };
  if (!enabled) return { refusal: `device ${maskImei(imei)} is disabled` };
  return { id, imei, tenantId: tenant_id, name };
}
