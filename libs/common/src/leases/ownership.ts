import { OdographError } from '../errors';
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
  private readonly held = new HeldLeases(() => this.balance.wake());
  /** Names whose epoch is being raised: a renewal under way still names the old one and must not take that for a loss. */
  private readonly raising = new Set<string>();
  private readonly memberPrefix: string;
  private readonly renewals: Loop;
  private readonly balance: Loop;
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly table: LeaseTable,
    private readonly options: OwnershipOptions,
  ) {
    const { app, leaseTimeMs, logger } = options;
    this.name = `ownership of ${app}`;
    this.memberPrefix = `member:${app}:`;
    const roundMs = Math.min(MAX_ROUND_MS, leaseTimeMs / ROUNDS_PER_LEASE);
    const loop = (name: string, work: () => Promise<void>): Loop =>
      new Loop({
        name: `${app} ${name}`,
        logger,
        round: () => work().then(() => roundMs),
        maxRetryMs: roundMs,
      });
    // Two loops: a take-over that is slow must not keep the renewals from being sent.
    this.renewals = loop('lease renewal', () => this.renew());
    this.balance = loop('lease balance', () => this.rebalance());
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

  /**
   * The first statement of a protected transaction: a take-over of these leases waits for its end, a renewal does not.
   *
   * @throws OdographError LEASE_LOST where one of them is no longer ours or has expired; it is dropped here at once.
   */
  async protect(transaction: Transaction, leases: readonly Lease[]): Promise<void> {
    const gone = await this.table.fence(transaction, leases);
    if (gone.length === 0) return;
    for (const lease of gone) this.lost(lease);
    throw new OdographError('LEASE_LOST', { detail: namesOf(gone).join(', ') });
  }

  /** Tells that somebody newer was seen on a resource, such as a newer epoch at a sink. */
  lost(lease: Lease): void {
    if (this.held.drop(lease)) this.changed('lease_lost', [lease]);
  }

  /**
   * A store has seen epoch `seen` on a resource, which is above ours. While the lease is ours all the same, the database
   * was restored to a time before that epoch: the lease goes on above it. Else somebody newer has it, and it is dropped.
   */
  async contest(lease: Lease, seen: bigint): Promise<'raised' | 'lost'> {
    this.raising.add(lease.name);
    try {
      const raised = await this.table.raise(lease, seen + 1n);
      if (raised === undefined) {
        this.lost(lease);
        return 'lost';
      }
      // Given back meanwhile: what was raised expires by itself.
      if (!this.held.drop(lease)) return 'lost';
      this.held.add(raised);
      this.changed('lease_raised', [raised]);
      return 'raised';
    } finally {
      this.raising.delete(lease.name);
    }
  }

  async start(): Promise<void> {
    if (this.stopped !== undefined) return;
    this.started = this.begin();
    await this.started;
  }

  /** Gives every lease back whose work ends within the budget; the others expire. */
  stop(budgetMs: number): Promise<void> {
    this.stopped ??= this.end(budgetMs);
    return this.stopped;
  }

  snapshot(): Record<string, unknown> {
    return { held: this.held.all().map(({ name, epoch }) => `${name}@${epoch}`) };
  }

  private async begin(): Promise<void> {
    await this.table.ensure(this.options.resources);
    await this.table.join(this.memberPrefix);
    await this.rebalance();
    this.renewals.start();
    this.balance.start();
  }

  private async end(budgetMs: number): Promise<void> {
    if (this.started === undefined) return;
    // A start that failed has been reported by its caller; what it took before is given back all the same.
    await Promise.allSettled([this.started]);
    await this.balance.stop();
    await atMost(budgetMs / 2, Promise.all(this.held.all().map((lease) => this.held.retire(lease))));
    await this.renewals.stop();
    await this.giveBack();
    await this.table.leave(this.memberPrefix);
  }

  private async renew(): Promise<void> {
    const leases = this.held.all();
    await this.table.join(this.memberPrefix);
    const kept = await this.table.renew(leases);
    // One that was handed over while this was under way is missing too, but not lost.
    const lost = leases.filter(
      (lease) => !kept.has(lease.name) && !this.raising.has(lease.name) && this.held.drop(lease),
    );
    if (lost.length > 0) this.changed('lease_lost', lost);
  }

  private async rebalance(): Promise<void> {
    const { resources } = this.options;
    const members = Math.max(1, await this.table.countMembers(this.memberPrefix));
    const fairShare = Math.ceil(resources.length / members);
    // Not awaited: work that hangs on one lease must hold up neither the others nor a take-over. Its end wakes us.
    for (const lease of this.held.usable().slice(fairShare)) void this.held.retire(lease);
    await this.giveBack();
    const missing = fairShare - this.held.size;
    if (missing > 0) await this.take(missing);
  }

  /** A release that fails leaves the leases here as leaving, and the next round tries again. */
  private async giveBack(): Promise<void> {
    const leases = this.held.idle();
    if (leases.length === 0) return;
    await this.table.release(leases);
    for (const lease of leases) this.held.drop(lease);
    this.changed('leases_handed_over', leases);
  }

  /** What we hold is left out even if it has expired: taken anew, it would cost the work under way its epoch. */
  private async take(limit: number): Promise<void> {
    const others = this.options.resources.filter((name) => !this.held.has(name));
    const leases = await this.table.acquire(others, limit);
    for (const lease of leases) this.held.add(lease);
    if (leases.length > 0) this.changed('leases_acquired', leases);
  }

  private changed(event: string, leases: readonly Lease[]): void {
    const { app, logger, onChange } = this.options;
    const line = { event, app, leases: namesOf(leases), held: this.held.size };
    if (event === 'lease_lost' || event === 'lease_raised') logger.warn(line);
    else logger.info(line);
    onChange?.(this.held.all());
  }
}

const namesOf = (leases: readonly Lease[]): string[] => leases.map(({ name }) => name);

async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
