/** Lets so many pieces of work run at once; of the others the urgent ones go first, else who came first. */
export class Slots {
  private used = 0;
  private readonly urgent: (() => void)[] = [];
  private readonly others: (() => void)[] = [];

  constructor(private readonly size: number) {}

  /** @throws what the work throws. */
  async run<Result>(work: () => Promise<Result>, isUrgent = false): Promise<Result> {
    if (this.used < this.size) this.used += 1;
    else await new Promise<void>((start) => (isUrgent ? this.urgent : this.others).push(start));
    try {
      return await work();
    } finally {
      // Handed over as it is: between a release and a taking somebody else could come in.
      const next = this.urgent.shift() ?? this.others.shift();
      if (next === undefined) this.used -= 1;
      else next();
    }
  }
}
