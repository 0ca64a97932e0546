import { OUTBOX_PARTS, partLeaseName } from '@app/common/contracts';

export { partOfLease } from '@app/common/contracts';

/** The lease of each outbox part. */
export const PART_LEASES: readonly string[] = Array.from({ length: OUTBOX_PARTS }, (_, part) =>
  partLeaseName(part),
);
