import { DEVICE_REGISTRY, type RegisteredDevice } from '@app/common/contracts';
import { type Database, statement, type Transaction } from '@app/common/database';
import { hasCode } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type Projections } from '@app/common/streams';
import allDevices from './sql/all-devices.sql';
import changedDevices from './sql/changed-devices.sql';

const ALL = statement('registry_all-devices', allDevices);
const CHANGED = statement('registry_changed-devices', changedDevices);

/** The lease of the projection: one instance at a time writes it. */
export const REGISTRY_LEASE = 'projection:devices';

interface DeviceRow {
  readonly id: bigint;
  readonly imei: string;
  readonly tenant_id: string;
  readonly enabled: boolean;
}

interface ChangedRow extends DeviceRow {
  readonly is_removed: boolean;
}

/** An edge learns of a new device within this time and what it takes to read the changes. */
const FOLLOW_MS = 1000;
/** Transactions of the apps end within 8 s (transaction_timeout); an operator's bulk import may take as long again. */
const OVERLAP_MS = 20_000;
/** Mends what a lost write, or a transaction longer than the overlap, has left behind. */
const RECONCILE_MS = 60_000;

export interface DeviceRegistryParts {
  readonly database: Database;
  readonly projections: Projections;
  readonly ownership: Ownership;
  readonly logger: Logger;
  readonly reconcileMs?: number;
}

/**
 * Keeps the device registry in the store as `telemetry.device` has it, so that an edge needs no database. Whole at
 * first, then the changes, and whole again once a minute or when the store has lost it.
 */
export class DeviceRegistry implements Service {
  readonly name = 'device registry';
  readonly stage = 'work';
  private readonly loop: Loop;
  private wholeAtMs = Number.NEGATIVE_INFINITY;
  private followedAtMs = 0;
  private epoch: bigint | undefined;

  constructor(private readonly parts: DeviceRegistryParts) {
    this.loop = new Loop({ name: this.name, logger: parts.logger, round: () => this.round() });
  }

  start(): Promise<void> {
    this.loop.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  snapshot(): Record<string, unknown> {
    return { epoch: this.epoch?.toString() ?? 'not the owner' };
  }

  private async round(): Promise<number> {
    const { ownership } = this.parts;
    await ownership.use(ownership.usable(), async ([lease]) => {
      if (lease === undefined) this.epoch = undefined;
      else await this.projectWhileOwned(lease);
    });
    return FOLLOW_MS;
  }

  private async projectWhileOwned(lease: Lease): Promise<void> {
    try {
      await this.project(lease);
    } catch (error) {
      // Ownership has dropped it; the new owner writes the whole.
      if (!hasCode(error, 'LEASE_LOST')) throw error;
    }
  }

  private async project(lease: Lease): Promise<void> {
    const { reconcileMs = RECONCILE_MS } = this.parts;
    // What another owner wrote in between is not known here.
    const isNew = this.epoch !== lease.epoch;
    if (isNew || performance.now() - this.wholeAtMs >= reconcileMs) await this.writeWhole(lease);
    else await this.follow(lease);
    this.epoch = lease.epoch;
  }

  private async writeWhole(lease: Lease): Promise<void> {
    const readAtMs = performance.now();
    const rows = await this.read((transaction) => transaction.query<DeviceRow>(ALL), lease);
    await this.parts.projections.replaceProjection(DEVICE_REGISTRY, rows.map(fieldOf));
    this.wholeAtMs = readAtMs;
    this.followedAtMs = readAtMs;
    this.parts.logger.debug({ event: 'device_registry_written', devices: rows.length });
  }

  private async follow(lease: Lease): Promise<void> {
    const readAtMs = performance.now();
    const reachMs = readAtMs - this.followedAtMs + OVERLAP_MS;
    const rows = await this.read((transaction) => transaction.query<ChangedRow>(CHANGED, [reachMs]), lease);
    const set = Object.fromEntries(rows.filter(({ is_removed }) => !is_removed).map(fieldOf));
    const remove = rows.filter(({ is_removed }) => is_removed).map(({ imei }) => imei);
    const { complete } = await this.parts.projections.writeProjection(DEVICE_REGISTRY, { set, remove });
    this.followedAtMs = readAtMs;
    if (!complete) await this.writeWhole(lease);
  }

  private read<Row>(query: (transaction: Transaction) => Promise<Row[]>, lease: Lease): Promise<Row[]> {
    return this.parts.database.transaction(async (transaction) => {
      await this.parts.ownership.protect(transaction, [lease]);
      return query(transaction);
    });
  }
}

function fieldOf({ id, imei, tenant_id, enabled }: DeviceRow): [imei: string, json: string] {
  const device: RegisteredDevice = { deviceId: id.toString(), tenantId: tenant_id, enabled };
  return [imei, JSON.stringify(device)];
}
