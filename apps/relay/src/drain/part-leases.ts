import { OUTBOX_PARTS } from '@app/common/contracts';

const PREFIX = 'outbox:part:';

/** The lease of each outbox part. */
export const PART_LEASES: readonly string[] = Array.from(
  { length: OUTBOX_PARTS },
  (_, part) => `${PREFIX}${part}`,
);

export function partOfLease(name: string): number {
  return Number(name.slice(PREFIX.length));
}
