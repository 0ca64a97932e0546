/** Batches without a repeat before the next one is expected to have none either. */
const CAREFUL_BATCHES = 8;

/**
 * Whether batches are to be expected to repeat what is stored. Repeats come together: after a take-over, from devices
 * that heard no ack, out of a stream that is read again. A wrong guess costs time and nothing else.
 */
export class Repeats {
  private careful = 0;

  get areExpected(): boolean {
    return this.careful > 0;
  }

  /** After a batch that was stored, or could not be because of its repeats. */
  found(repeatedRecords: number): void {
    this.careful = repeatedRecords > 0 ? CAREFUL_BATCHES : Math.max(0, this.careful - 1);
  }
}
