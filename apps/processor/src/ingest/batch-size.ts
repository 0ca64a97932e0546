/** Small enough for any database, large enough to be told from a trickle. */
const FIRST_RECORDS = 250;
const FEWEST_RECORDS = 16;

/**
 * How many records one transaction takes in: it grows while there is a backlog and the database keeps up, and shrinks
 * when a transaction takes longer than it may, since whatever comes meanwhile waits for its end.
 */
export class BatchSize {
  private current: number;

  constructor(
    private readonly most: number,
    private readonly targetMs: number,
  ) {
    this.current = Math.min(most, FIRST_RECORDS);
  }

  get records(): number {
    return this.current;
  }

  committed(records: number, tookMs: number): void {
    if (tookMs > this.targetMs) this.halve();
    else if (records * 2 > this.current && tookMs * 2 < this.targetMs) {
      this.current = Math.min(this.most, this.current * 2);
    }
  }

  /** The server ended the transaction because of its length. */
  tooSlow(): void {
    this.halve();
  }

  private halve(): void {
    this.current = Math.max(Math.min(FEWEST_RECORDS, this.most), this.current >> 1);
  }
}
