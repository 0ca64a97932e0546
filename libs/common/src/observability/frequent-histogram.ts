import { Histogram } from 'prom-client';

/**
 * A histogram without labels for what happens tens of thousands of times a second: the library looks labels up and
 * hashes them for every value, which costs as much as a tenth of a device's frame. Here a value is two additions; what
 * a scrape reads is made when it reads.
 */
export class FrequentHistogram extends Histogram<never> {
  private readonly counts: number[];
  private sum = 0;

  constructor(
    private readonly exposed: { readonly name: string; readonly help: string },
    private readonly bounds: readonly number[],
  ) {
    super({ ...exposed, buckets: [...bounds], registers: [] });
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  note(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }

  /** What the library's `get` and the registry's text are made of. */
  getForPromString(): Promise<object> {
    return Promise.resolve(this.read());
  }

  private read(): object {
    const { name } = this.exposed;
    let count = 0;
    const buckets = this.counts.map((inBucket, index) => {
      count += inBucket;
      return {
        metricName: `${name}_bucket`,
        labels: { le: this.bounds[index] ?? '+Inf' },
        sharedLabels: {},
        value: count,
      };
    });
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, sharedLabels: {}, value: this.sum },
      { metricName: `${name}_count`, labels: {}, sharedLabels: {}, value: count },
    ];
    return { ...this.exposed, type: 'histogram', aggregator: 'sum', values };
  }
}
