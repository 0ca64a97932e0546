import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Database, statement, type Transaction } from '../database';
import { type Lease, LeaseTable } from './lease-table';
import { Ownership } from './ownership';

/** Helpers of this area's specs. */

export const silent = pino({ level: 'silent' });

export function databaseOn(url: string, poolSize = 4): Database {
  return new Database({
    url,
    poolSize,
    applicationName: 'leases-spec',
    startupTimeoutMs: 5_000,
    logger: silent,
  });
}

const EXPIRE = statement(
  'spec_leases_expire',
  `UPDATE ops.lease SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = ANY ($1::text[])`,
);
const ROWS = statement('spec_leases_rows', 'SELECT name, owner, epoch FROM ops.lease ORDER BY name');

/** Lets leases run out without waiting for it. */
export async function expire(database: Database, names: readonly string[]): Promise<void> {
  await database.query(EXPIRE, [names]);
}

export async function leaseRows(
  database: Database,
): Promise<{ name: string; owner: string; epoch: bigint }[]> {
  return database.query(ROWS);
}

/** A lease table whose statements wait while it is frozen, as those of a process under SIGSTOP would. */
export class FreezableLeaseTable extends LeaseTable {
  private thaw: Promise<void> = Promise.resolve();
  private open: (() => void) | undefined;
  /** True once the process is as good as dead: its statements reject for ever. */
  crashed = false;

  freeze(): void {
    if (this.open === undefined) this.thaw = new Promise((resolve) => (this.open = resolve));
  }

  wake(): void {
    this.open?.();
    this.open = undefined;
  }

  whileFrozen(): Promise<void> {
    return this.thaw;
  }

  override async acquire(names: readonly string[], limit: number): Promise<Lease[]> {
    await this.passable();
    return super.acquire(names, limit);
  }

  override async renew(leases: readonly Lease[]): Promise<Set<string>> {
    await this.passable();
    return super.renew(leases);
  }

  override async release(leases: readonly Lease[]): Promise<void> {
    await this.passable();
    return super.release(leases);
  }

  override async join(memberPrefix: string): Promise<void> {
    await this.passable();
    return super.join(memberPrefix);
  }

  override async leave(memberPrefix: string): Promise<void> {
    await this.passable();
    return super.leave(memberPrefix);
  }

  override async fence(transaction: Transaction, leases: readonly Lease[]): Promise<Lease[]> {
    await this.passable();
    return super.fence(transaction, leases);
  }

  private async passable(): Promise<void> {
    await this.thaw;
    if (this.crashed) throw new Error('the process is gone');
  }
}

export interface Instance {
  readonly table: FreezableLeaseTable;
  readonly ownership: Ownership;
}

export function instanceOf(
  database: Database,
  resources: readonly string[],
  leaseTimeMs: number,
  app = 'spec',
): Instance {
  const table = new FreezableLeaseTable(database, `spec/${randomUUID()}`, leaseTimeMs);
  return { table, ownership: new Ownership(table, { app, resources, leaseTimeMs, logger: silent }) };
}
