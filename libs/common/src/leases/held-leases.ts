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

  /** @param onIdle told when the last work on a leaving lease is over: it can be given back now. */
  constructor(private readonly onIdle: () => void = () => undefined) {}

  get size(): number {
    return this.holdings.size;
  }

  all(): Lease[] {
    return [...this.holdings.values()].map(({ lease }) => lease);
  }

  /** Leases that new work may begin on. */
  usable(): Lease[] {
    return this.where(({ leaving }) => !leaving);
  }

  /** Leases on their way out that no work uses any more. */
  idle(): Lease[] {
    return this.where(({ leaving, uses }) => leaving && uses === 0);
  }

  has(name: string): boolean {
    return this.holdings.has(name);
  }

  add(lease: Lease): void {
    this.holdings.set(lease.name, { lease, uses: 0, leaving: false, idle: [] });
  }

  /**
   * Forgets a lease that somebody else has now; work under way finds out at its fence. The same name under a newer epoch
   * stays: who reports the loss may be late. Answers whether work could still begin on it.
   */
  drop({ name, epoch }: Lease): boolean {
    const holding = this.holdings.get(name);
    if (holding?.lease.epoch !== epoch) return false;
    this.holdings.delete(name);
    return !holding.leaving;
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
      for (const holding of holdings) this.finish(holding);
    }
  }

  /** Lets no new work begin on a lease and resolves when the work under way is over. */
  async retire({ name, epoch }: Lease): Promise<void> {
    const holding = this.holdings.get(name);
    if (holding?.lease.epoch !== epoch) return;
    holding.leaving = true;
    if (holding.uses > 0) await new Promise<void>((resolve) => holding.idle.push(resolve));
  }

  private finish(holding: Holding): void {
    holding.uses -= 1;
    if (holding.uses > 0) return;
    for (const resolve of holding.idle.splice(0)) resolve();
    if (holding.leaving) this.onIdle();
  }

  private where(matches: (holding: Holding) => boolean): Lease[] {
    return [...this.holdings.values()].filter(matches).map(({ lease }) => lease);
  }
}
