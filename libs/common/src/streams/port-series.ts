import { type Fields, type FieldValue } from './entries';

/** Told once what became of an entry; it must not throw. A plain object, since a promise for each would cost more. */
export interface AppendWaiter {
  /** Durable, as for {@link StreamAppender.append}. */
  appended(id: string): void;
  /**
   * @param error OdographError REDIS_UNREACHABLE (outcome unknown) or STREAM_REFUSED.
   * @param lastValue the entry's last value, so that who might repeat it need not keep it: what is kept from every
   * append to its answer is what a garbage collector has to move.
   */
  refused(error: unknown, lastValue: Buffer): void;
}

/** Entries of one stream whose first fields are the same. */
export interface AppendSeries {
  /** Adds one entry with `values` for the names of the series. They are read before this returns, so may be reused. */
  append(values: readonly FieldValue[], waiter: AppendWaiter): void;
}

export interface SeriesAppender {
  /** Encodes what the entries share once: for writers of many entries of one origin. Neither may be empty. */
  series(stream: string, shared: Fields, names: readonly string[]): AppendSeries;
}
