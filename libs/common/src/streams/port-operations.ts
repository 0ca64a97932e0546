import { type StreamEntry } from './entries';

/** An entry that was handed out and not acknowledged. */
export interface PendingEntry {
  readonly id: string;
  readonly consumer: string;
  /** Since it was handed out last, by the store's clock. */
  readonly idleMs: number;
  readonly deliveries: number;
}

export interface ConsumerInfo {
  readonly name: string;
  readonly pending: number;
  /** Since it last asked for entries. */
  readonly idleMs: number;
}

export interface PendingQuery {
  readonly stream: string;
  readonly group: string;
  /** Of this consumer only; of all when omitted. */
  readonly consumer?: string;
  readonly count: number;
}

export interface ReleaseRequest {
  readonly stream: string;
  readonly group: string;
  /** Who holds the entries and will not come back. */
  readonly from: string;
  /** Only what nobody has touched for so long. */
  readonly minIdleMs: number;
  readonly count: number;
}

export type ReplayedLetter =
  | { readonly kind: 'replayed'; readonly entryId: string }
  /** It had been replayed or resolved before. `entryId` is empty for one that was resolved by hand. */
  | { readonly kind: 'known'; readonly entryId: string }
  /** There is no such letter (any more). */
  | { readonly kind: 'gone' };

export interface ReplayRequest {
  readonly deadLetterStream: string;
  readonly id: string;
  /** In the slot of the dead-letter stream. */
  readonly target: string;
  /** Fields of the letter that do not go back. */
  readonly without: readonly string[];
}

/** What operators do by hand; no app calls any of it on the way of a record. */
export interface StreamOperations {
  /** The newest entries, newest first; with `before` those that lie before that id, whether it is still there or not. */
  newest(stream: string, count: number, before?: string): Promise<readonly StreamEntry[]>;
  /** In id order. Empty where there is no such stream or group. */
  listPending(query: PendingQuery): Promise<readonly PendingEntry[]>;
  /** Empty where there is no such stream or group. */
  consumers(stream: string, group: string): Promise<readonly ConsumerInfo[]>;
  /** The epoch of the last owner that read the stream; undefined where none has. */
  ownEpoch(stream: string): Promise<bigint | undefined>;
  /**
   * Lets go of what a dead consumer holds: its entries count as untouched for ages, so that whoever claims idle ones next
   * (claimIdle) has them at once. Deliveries do not rise. A repeat finds less to do. A consumer that holds nothing any
   * more is removed from the group.
   */
  releasePending(request: ReleaseRequest): Promise<readonly string[]>;
  /**
   * Puts a letter's fields back into the target with `replay_of`, and takes the letter off its stream, in one step. A
   * repeat changes nothing and gives the same entry.
   */
  replayLetter(request: ReplayRequest): Promise<ReplayedLetter>;
  /** Takes a letter off its stream for good; false where it was not there. */
  resolveLetter(deadLetterStream: string, id: string): Promise<boolean>;
  /**
   * Removes a stream that no group needs any more, all of it. False, and nothing is done, where a group has entries to
   * read or to acknowledge. What companions remember of it (its owner's epoch) stays.
   */
  removeDrained(stream: string): Promise<boolean>;
}
