import { type Lease } from './lease-table';

interface Holding {
  readonly lease: Lease;
  uses: number;
  leaving: boolean;
  idle: (() => void)[];
}

/**
 * The leases that this process holds and the work that runs under them. A lease is given back only when no work uses
 * it any more; work can begin only on a lease that is not on its way out.
 */
export class HeldLeases {
  private readonly holdings = new Map<string, Holding>();

  get size(): number {
    return this.holdings.size;
  }

  all(): Lease[] {
    return [...this.holdings.values()].map(({ lease }) => lease);
  }

  /** Leases that new work may begin on. */
  usable(): Lease[] {
    return [...this.holdings.values()].filter(({ leaving }) => !leaving).map(({ lease }) => lease);
  }

  add(lease: Lease): void {
    this.holdings.set(lease.name, { lease, uses: 0, leaving: false, idle: [] });
  }

  /** Forgets a lease that somebody else has now; work under way finds out at its fence. */
  drop(name: string): void {
    this.holdings.delete(name);
  }

  /** Runs work under those of the given leases that are still held and not leaving. */
  async use<Result>(
    leases: readonly Lease[],
    work: (usable: readonly Lease[]) => Promise<Result>,
  ): Promise<Result> {
    const holdings = leases
      .map(({ name, epoch }) => ({ holding: this.holdings.get(name), epoch }))
      .flatMap(({ holding, epoch }) =>
        holding !== undefined && !holding.leaving && holding.lease.epoch === epoch ? [holding] : [],
      );
    for (const holding of holdings) holding.uses += 1;
    try {
      return await work(holdings.map(({ lease }) => lease));
    } finally {
      for (const holding of holdings) release(holding);
    }
  }

  /** Lets no new work begin on a lease and resolves when the work under way is over. */
  async retire(name: string): Promise<void> {
    const holding = this.holdings.get(name);
    if (holding === undefined) return;
    holding.leaving = true;
    if (holding.uses > 0) await new Promise<void>((resolve) => holding.idle.push(resolve));
  }
}

function release(holding: Holding): void {
  holding.uses -= 1;
  if (holding.uses === 0) for (const resolve of holding.idle.splice(0)) resolve();
}
