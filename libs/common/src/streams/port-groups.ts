import { type StreamEntry } from './entries';

export interface GroupReadRequest {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
  /** How long to wait for an entry when there is none; 0 answers at once. */
  readonly blockMs: number;
  readonly signal: AbortSignal;
}

export interface ClaimIdleRequest {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** Only what nobody has touched for so long; 0 takes all. */
  readonly minIdleMs: number;
  readonly count: number;
}

export interface ClaimedEntries {
  readonly entries: readonly StreamEntry[];
  /** Ids that were pending and are gone from the stream: lost data. */
  readonly lostIds: readonly string[];
}

/** Groups whose consumers work side by side without owners. */
export interface GroupStreams {
  /** Makes the group, from the stream's beginning, and the stream, where they are missing. */
  ensureGroup(stream: string, group: string): Promise<void>;
  /** New entries for this consumer; none after `blockMs` or on abort. Makes the group again where it is gone. */
  readGroup(request: GroupReadRequest): Promise<readonly StreamEntry[]>;
  /** Takes over what any consumer left unacknowledged, in id order over the whole pending list. */
  claimIdle(request: ClaimIdleRequest): Promise<ClaimedEntries>;
  ackGroup(stream: string, group: string, ids: readonly string[]): Promise<void>;
}
