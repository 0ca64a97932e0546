import { type StreamEntry } from './entries';

export interface GroupInfo {
  readonly name: string;
  /** Entries not read yet; null where the store cannot tell. */
  readonly lag: number | null;
  readonly pending: number;
  /** Age of the oldest entry that was read and not acknowledged, by the store's clock; null when there is none. */
  readonly oldestPendingMs: number | null;
  /** Age of the oldest entry that was not read yet; null when there is none. */
  readonly oldestUnreadMs: number | null;
  readonly lastDeliveredId: string;
  /** False for a group that was not among the known ones. */
  readonly known: boolean;
}

export interface StreamInfo {
  readonly length: number;
  /** `0-0` when empty. */
  readonly firstId: string;
  readonly lastId: string;
  readonly groups: readonly GroupInfo[];
  /** True when a group's lag is above the length: entries were removed before it read them. */
  readonly unreadTrimmed: boolean;
}

export interface StoreMemory {
  readonly usedBytes: number;
  /** 0 where no limit is set. */
  readonly maxBytes: number;
}

export interface StreamInspector {
  /** Undefined where the stream does not exist. */
  info(stream: string, knownGroups: readonly string[]): Promise<StreamInfo | undefined>;
  /** Entries from id `from` to id `to`, both included (`-` and `+` for the ends), at most `count`. Page by `(id`. */
  range(stream: string, from: string, to: string, count: number): Promise<readonly StreamEntry[]>;
  memory(): Promise<StoreMemory>;
  /** Which run of which server (in a cluster: servers) answers: another text after a restart or a fail-over. */
  boot(): Promise<string>;
  /**
   * Those of the ids, once handed out by this stream, whose entries are gone without having been trimmed: each with the
   * last id before it that is still there, `0-0` where there is none.
   */
  findLost(stream: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
