/** Place of a record among all records of its device: by event time, then by digest; never by arrival. */
export interface Position {
  readonly timeMs: number;
  /** Signed 64-bit, see `loadRecordDigest`. */
  readonly digest: bigint;
}

const LOWEST_DIGEST = -(2n ** 63n);

/** Before every record of that millisecond. */
export const startOf = (timeMs: number): Position => ({ timeMs, digest: LOWEST_DIGEST });

/** Negative, zero or positive as `a` lies before, at or behind `b`. */
export function comparePosition(a: Position, b: Position): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (a.digest === b.digest) return 0;
  return a.digest < b.digest ? -1 : 1;
}

export function earliest(positions: readonly Position[]): Position | undefined {
  return positions.reduce<Position | undefined>(
    (found, position) => (found === undefined || comparePosition(position, found) < 0 ? position : found),
    undefined,
  );
}
