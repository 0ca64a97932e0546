import { type Database, statement, type Transaction } from '../database';
import acquireLeases from './sql/acquire-leases.sql';
import countMembers from './sql/count-members.sql';
import ensureLeases from './sql/ensure-leases.sql';
import fence from './sql/fence.sql';
import joinMembers from './sql/join-members.sql';
import leaveMembers from './sql/leave-members.sql';
import raiseLease from './sql/raise-lease.sql';
import releaseLeases from './sql/release-leases.sql';
import renewLeases from './sql/renew-leases.sql';

const STATEMENTS = {
  acquire: statement('leases.acquire', acquireLeases),
  countMembers: statement('leases.count-members', countMembers),
  ensure: statement('leases.ensure', ensureLeases),
  fence: statement('leases.fence', fence),
  join: statement('leases.join', joinMembers),
  leave: statement('leases.leave', leaveMembers),
  raise: statement('leases.raise', raiseLease),
  release: statement('leases.release', releaseLeases),
  renew: statement('leases.renew', renewLeases),
};

/** A lease as its owner holds it. The epoch rises with every acquisition, so that a sink can tell who is newer. */
export interface Lease {
  readonly name: string;
  readonly epoch: bigint;
}

const namesAndEpochs = (leases: readonly Lease[]) => [
  leases.map(({ name }) => name),
  leases.map(({ epoch }) => epoch.toString()),
];

/** The statements on `ops.lease`, for one owner. Every time is the database's clock. */
export class LeaseTable {
  constructor(
    private readonly database: Database,
    /** `<instance>/<boot uuid>`: two processes of a host differ, and so does one before and after its restart. */
    readonly owner: string,
    private readonly leaseTimeMs: number,
  ) {}

  async ensure(names: readonly string[]): Promise<void> {
    await this.database.query(STATEMENTS.ensure, [names]);
  }

  /** Takes up to `limit` of the named leases that are free or expired, each under a new epoch. */
  async acquire(names: readonly string[], limit: number): Promise<Lease[]> {
    return this.database.query<Lease>(STATEMENTS.acquire, [names, limit, this.owner, this.leaseTimeMs]);
  }

  /** Returns the names that are still ours; what is missing has been taken over. */
  async renew(leases: readonly Lease[]): Promise<Set<string>> {
    if (leases.length === 0) return new Set();
    const rows = await this.database.query<{ name: string }>(STATEMENTS.renew, [
      ...namesAndEpochs(leases),
      this.owner,
      this.leaseTimeMs,
    ]);
    return new Set(rows.map(({ name }) => name));
  }

  async release(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    await this.database.query(STATEMENTS.release, [...namesAndEpochs(leases), this.owner]);
  }

  /** Puts a lease that is still ours at a higher epoch; undefined where it is ours no more. */
  async raise({ name, epoch }: Lease, to: bigint): Promise<Lease | undefined> {
    const [raised] = await this.database.query<Lease>(STATEMENTS.raise, [name, epoch, this.owner, to]);
    return raised;
  }

  /**
   * Locks the leases for the length of the transaction: a take-over waits for it, a renewal does not. Returns those that
   * are no longer ours or have expired; nothing may be written under them.
   */
  async fence(transaction: Transaction, leases: readonly Lease[]): Promise<Lease[]> {
    const rows = await transaction.query<{ name: string }>(STATEMENTS.fence, [
      ...namesAndEpochs(leases),
      this.owner,
    ]);
    const ours = new Set(rows.map(({ name }) => name));
    return leases.filter(({ name }) => !ours.has(name));
  }

  async join(memberPrefix: string): Promise<void> {
    await this.database.query(STATEMENTS.join, [memberPrefix + this.owner, this.owner, this.leaseTimeMs]);
  }

  async countMembers(memberPrefix: string): Promise<number> {
    const [row] = await this.database.query<{ members: number }>(STATEMENTS.countMembers, [memberPrefix]);
    return row?.members ?? 0;
  }

  async leave(memberPrefix: string): Promise<void> {
    await this.database.query(STATEMENTS.leave, [memberPrefix + this.owner, this.owner, memberPrefix]);
  }
}
