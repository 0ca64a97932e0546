interface Waiter {
  readonly start: () => void;
}

/** So many at one time; of those who wait the urgent ones go first. */
export class LookupSlots {
  private used = 0;
  private readonly urgent: Waiter[] = [];
  private readonly others: Waiter[] = [];

  constructor(private readonly size: number) {}

  async run<Value>(urgent: boolean, work: () => Promise<Value>): Promise<Value> {
    if (this.used < this.size) this.used += 1;
    else await this.turn(urgent);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private turn(urgent: boolean): Promise<void> {
    return new Promise((start) => (urgent ? this.urgent : this.others).push({ start }));
  }

  /** The slot passes on to who waits. */
  private leave(): void {
    const next = this.urgent.shift() ?? this.others.shift();
    if (next === undefined) this.used -= 1;
    else next.start();
  }
}
