import { type Fix } from './fix';
import { type Position } from './position';
import { type DeviceState } from './state';

/**
 * One record in 128 is a checkpoint: settling a late record costs some 128 reads to come from the last checkpoint and
 * some 128 more to the next one, against a state of half a kilobyte kept for every 128 positions of a hundred bytes.
 */
const CHECKPOINT_BITS = 7;

/**
 * A record is a checkpoint for what it is, not for how many came before it: so the checkpoints of a device are the same
 * in whatever order its records arrived, and a late record moves none of them.
 */
export const isCheckpoint = ({ digest }: Position): boolean => BigInt.asUintN(CHECKPOINT_BITS, digest) === 0n;

export interface StoredFix {
  readonly fix: Fix;
  /** The state just after it, where one was stored that can be read. */
  readonly checkpoint: DeviceState | undefined;
}

/** What is stored of one device, the fixes being settled included. */
export interface History {
  /** The newest readable checkpoint before that place. */
  checkpointBefore(place: Position): Promise<DeviceState | undefined>;
  /** All fixes behind that place, in (time, digest) order; from the first one for null. */
  fixesAfter(place: Position | null): AsyncIterable<StoredFix>;
}
