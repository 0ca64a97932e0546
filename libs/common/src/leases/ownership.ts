import { Loop, type Service } from '../lifecycle';
import { type Logger } from '../observability';
import { type Transaction } from '../database';
import { HeldLeases } from './held-leases';
import { type Lease, type LeaseTable } from './lease-table';

export interface OwnershipOptions {
  /** Whose members share the resources: `processor`, `relay`. */
  readonly app: string;
  /** Lease names of all that is to be shared out: shards, parts. */
  readonly resources: readonly string[];
  readonly leaseTimeMs: number;
  readonly logger: Logger;
  /** Told after every change of what is held. */
  readonly onChange?: (held: readonly Lease[]) => void;
}

/** Owners renew this many times within a lease time; a missed round or two must not cost the lease. */
const ROUNDS_PER_LEASE = 5;
const MAX_ROUND_MS = 1000;

/**
 * Shares resources evenly over the live instances of an app: each holds at most ceil(resources / members), takes what
 * is free or expired, and hands over what is too much as soon as the work on it is done. Needs no leader: the lease
 * table decides.
 */
export class Ownership implements Service {
  readonly name: string;
  readonly stage = 'leases';
  private readonly held = new HeldLeases();
  private readonly memberPrefix: string;
  private readonly renewals: Loop;
  private readonly balance: Loop;

  constructor(
    private readonly table: LeaseTable,
    private readonly options: OwnershipOptions,
  ) {
    const { app, leaseTimeMs, logger } = options;
    this.name = `ownership of ${app}`;
    this.memberPrefix = `member:${app}:`;
    const roundMs = Math.min(MAX_ROUND_MS, leaseTimeMs / ROUNDS_PER_LEASE);
    // Two loops: a take-over that waits for locks must not keep the renewals from being sent.
    this.renewals = new Loop({
      name: `${app} lease renewal`,
      logger,
      round: () => this.renew(roundMs),
      maxRetryMs: roundMs,
    });
    this.balance = new Loop({
      name: `${app} lease balance`,
      logger,
      round: () => this.rebalance(roundMs),
      maxRetryMs: roundMs,
    });
  }

  /** What new work may begin on right now. */
  usable(): Lease[] {
    return this.held.usable();
  }

  /** Runs work under those of the leases that are still held; a hand-over waits until it is done. */
  use<Result>(
    leases: readonly Lease[],
    work: (usable: readonly Lease[]) => Promise<Result>,
  ): Promise<Result> {
    return this.held.use(leases, work);
  }

  /** See {@link LeaseTable.protect}; a lost lease is dropped here at once. */
  async protect(transaction: Transaction, leases: readonly Lease[]): Promise<void> {
    return this.table.protect(transaction, leases);
  }

  /** Tells that somebody newer was seen on a resource (a stale epoch at a sink, a failed fence). */
  lost(name: string): void {
    this.held.drop(name);
    this.changed('lease_lost', [name]);
  }

  async start(): Promise<void> {
    await this.table.ensure(this.options.resources);
    await this.table.join(this.memberPrefix);
    await this.rebalance(0);
    this.renewals.start();
    this.balance.start();
  }

  async stop(): Promise<void> {
    await this.balance.stop();
    const leases = this.held.all();
    await Promise.all(leases.map(({ name }) => this.held.retire(name)));
    await this.renewals.stop();
    await this.table.release(leases);
    for (const { name } of leases) this.held.drop(name);
    await this.table.leave(this.memberPrefix);
  }

  snapshot(): Record<string, unknown> {
    return { held: this.held.all() };
  }

  private async renew(roundMs: number): Promise<number> {
    const leases = this.held.all();
    await this.table.join(this.memberPrefix);
    const kept = await this.table.renew(leases);
    const gone = leases.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
    for (const name of gone) this.held.drop(name);
    if (gone.length > 0) this.changed('lease_lost', gone);
    return roundMs;
  }

  private async rebalance(roundMs: number): Promise<number> {
    const { resources } = this.options;
    const members = Math.max(1, await this.table.countMembers(this.memberPrefix));
    const fairShare = Math.ceil(resources.length / members);
    const surplus = this.held.usable().slice(fairShare);
    if (surplus.length > 0) await this.handOver(surplus);
    const missing = fairShare - this.held.size;
    if (missing > 0) await this.take(missing);
    return roundMs;
  }

  private async handOver(leases: readonly Lease[]): Promise<void> {
    await Promise.all(leases.map(({ name }) => this.held.retire(name)));
    await this.table.release(leases);
    for (const { name } of leases) this.held.drop(name);
    this.changed(
      'leases_handed_over',
      leases.map(({ name }) => name),
    );
  }

  private async take(limit: number): Promise<void> {
    const leases = await this.table.acquire(this.options.resources, limit);
    for (const lease of leases) this.held.add(lease);
    if (leases.length > 0)
      this.changed(
        'leases_acquired',
        leases.map(({ name }) => name),
      );
  }

  private changed(event: string, names: readonly string[]): void {
    this.options.logger.info({ event, app: this.options.app, names, held: this.held.size });
    this.options.onChange?.(this.held.all());
  }
}
