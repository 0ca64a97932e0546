import { type Fields, type StreamEntry } from './entries';

export interface OwnedReadRequest {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** The epoch of the caller's lease on this stream. */
  readonly epoch: bigint;
  /** Most entries to give. */
  readonly count: number;
}

export type OwnedRead =
  | {
      readonly kind: 'entries';
      /** In id order. All redelivered or all new, never mixed. */
      readonly entries: readonly StreamEntry[];
      /** True when these had been handed out before (to anybody) and were not acknowledged. */
      readonly redelivered: boolean;
      /** How often each was handed out, this time included; empty unless redelivered. */
      readonly deliveries: ReadonlyMap<string, number>;
      /** Ids that were pending and are gone from the stream: lost data. They are no longer pending. */
      readonly lostIds: readonly string[];
    }
  | { readonly kind: 'stale'; readonly ownEpoch: bigint };

export interface OwnedAck {
  readonly stream: string;
  readonly group: string;
  readonly epoch: bigint;
  readonly ids: readonly string[];
  /** Kept in the same step for {@link OwnedStreams.ownedState}: what the caller wants to know at its next take-over. */
  readonly note?: string;
}

export interface DeadLetter {
  /** The entry that could not pass. It is acknowledged with the letter, unless `record` is given. */
  readonly id: string;
  /**
   * Names one record of an entry of several, where the others pass: the letter is kept once per (id, record) and the
   * entry stays pending unless the request settles it.
   */
  readonly record?: string;
  /** The letter's fields as the contract has them. */
  readonly fields: Fields;
}

export interface DeadLetterRequest {
  readonly stream: string;
  /** In the slot of `stream`. */
  readonly deadLetterStream: string;
  readonly group: string;
  readonly epoch: bigint;
  readonly letters: readonly DeadLetter[];
  /** Entries of which nothing is left to do once the letters are kept: acknowledged in the same step. */
  readonly settled?: readonly string[];
  /** As {@link OwnedAck.note}. */
  readonly note?: string;
}

/** What is known of a shard beside its entries. */
export interface OwnedState {
  /** The note of the last ack that had one. */
  readonly note: string | undefined;
  /** The last id that the store handed out in this stream, `0-0` where it knows of none. */
  readonly lastId: string;
}

export interface RewindRequest {
  readonly stream: string;
  readonly group: string;
  readonly epoch: bigint;
}

export interface TrimRequest {
  readonly stream: string;
  /** The registered groups: what one of them has not acknowledged stays. */
  readonly groups: readonly string[];
  /** Entries younger than this stay, by the store's clock. */
  readonly keepMs: number;
  /**
   * What an entry's age is counted from. `acknowledged`: from its ack by the slowest group, as exactly as this is called
   * often. Default `added`.
   */
  readonly since?: 'added' | 'acknowledged';
}

export interface TrimResult {
  readonly removed: number;
  /** Groups on the stream that nobody registered; they hold nothing back and may be losing entries. */
  readonly unknownGroups: readonly string[];
}

/** Reading by one owner at a time; the epoch of its lease fences a predecessor that woke up late. */
export interface OwnedStreams {
  /**
   * Gives what is pending under any consumer first, in id order, and new entries only when nothing is pending: one path
   * for a take-over, a lost reply and a restored store. Raises the stream's epoch to the caller's. Makes stream and
   * group where they are missing. Never blocks. A repeat gives the same entries again, as redelivered.
   */
  readOwned(request: OwnedReadRequest): Promise<OwnedRead>;
  /** Takes entries off the pending list if no newer owner has read. A repeat changes nothing. */
  ackOwned(request: OwnedAck): Promise<'acked' | 'stale'>;
  /** Parks entries and acknowledges them in one step, each (id, record) once however often it is called. */
  deadLetter(request: DeadLetterRequest): Promise<'parked' | 'stale'>;
  /** Which of the letters are kept already, in the order asked. */
  findParked(
    deadLetterStream: string,
    letters: readonly Pick<DeadLetter, 'id' | 'record'>[],
  ): Promise<readonly boolean[]>;
  ownedState(stream: string): Promise<OwnedState>;
  /**
   * Hands out again, as new, everything that the stream still holds: for a sink that has lost what it had stored. The
   * note is gone after it. A repeat begins anew.
   */
  rewindOwned(request: RewindRequest): Promise<'rewound' | 'stale'>;
  /** The last id of each stream, `0-0` where it is empty or missing: where {@link waitForEntries} starts. */
  lastIds(streams: readonly string[]): Promise<Map<string, string>>;
  /**
   * Waits until one of the streams has an entry behind its given id. Resolves to the new last ids of those that grew;
   * to an empty map after `timeoutMs` or when the signal aborts. It hands out nothing and needs no epoch.
   */
  waitForEntries(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * Removes what every registered group has acknowledged and is older than `keepMs`; without groups by age alone. A
   * registered group that does not exist yet has acknowledged nothing.
   */
  trimOwned(request: TrimRequest): Promise<TrimResult>;
}
