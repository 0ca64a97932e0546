const BASE_MS = 0.1;
const GROWTH = 1.05;

/** Durations in buckets that grow by a twentieth: any number of them in a few hundred counters, quantiles within 5%. */
export class Latencies {
  private readonly buckets: number[] = [];
  private total = 0;

  add(milliseconds: number): void {
    const bucket = Math.max(
      0,
      Math.ceil(Math.log(Math.max(milliseconds, BASE_MS) / BASE_MS) / Math.log(GROWTH)),
    );
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.total += 1;
  }

  get count(): number {
    return this.total;
  }

  /** Milliseconds that the given share (0 to 1) stays at or below; undefined while there is nothing. */
  quantile(share: number): number | undefined {
    if (this.total === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      seen += this.buckets[bucket] ?? 0;
      if (seen >= wanted) return Number((BASE_MS * GROWTH ** bucket).toPrecision(3));
    }
    return undefined;
  }
}
