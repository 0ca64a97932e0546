/** Lets so many pieces of work run at once; the others wait their turn, in the order in which they came. */
export class Slots {
  private readonly waiting: (() => void)[] = [];
  private used = 0;

  constructor(private readonly count: number) {}

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.used >= this.count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.used += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The slot is handed over as it is: between a release and a taking somebody else could come in.
      if (next === undefined) this.used -= 1;
      else next();
    }
  }
}
