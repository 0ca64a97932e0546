import { compareEntryIds } from '@app/common/streams';

/** Where a database's write-ahead log stands, and which database it is. */
export interface StorePosition {
  /** pg_control_system().system_identifier: kept by every copy of a database. */
  readonly system: string;
  /** Eight hexadecimal digits; a promotion or a recovery to a point in time begins a new one. */
  readonly timeline: string;
  /** Bytes from the log's beginning. */
  readonly lsn: bigint;
}

/** What the ack of a batch leaves in its shard's slot: where the log stood behind the commit, and how far the shard was. */
export interface StoreNote extends StorePosition {
  /** What `telemetry.shard_progress` held after that commit, `0-0` where nothing. */
  readonly lastId: string;
}

const SEPARATOR = '/';

export function encodeNote({ system, timeline, lsn, lastId }: StoreNote): string {
  return [system, timeline, lsn.toString(), lastId].join(SEPARATOR);
}

/** Undefined for a text that is no note. */
export function decodeNote(text: string): StoreNote | undefined {
  const match = /^(\d+)\/([0-9A-F]{8})\/(\d+)\/(\d+-\d+)$/.exec(text);
  const [, system, timeline, lsn, lastId] = match ?? [];
  if (system === undefined || timeline === undefined || lsn === undefined || lastId === undefined)
    return undefined;
  return { system, timeline, lsn: BigInt(lsn), lastId };
}

/** How far a shard was stored when this note was left; undefined where none was. */
export const storedIdOf = (note: string | undefined): string | undefined =>
  note === undefined ? undefined : decodeNote(note)?.lastId;

/** Why a database is not the one, or not at the place, that was seen before; undefined where it may be. */
export function regressionOf(seen: StorePosition, now: StorePosition): string | undefined {
  if (seen.system !== now.system) return `it is database system ${now.system} and was ${seen.system}`;
  if (seen.timeline !== now.timeline) return `it is on timeline ${now.timeline} and was on ${seen.timeline}`;
  if (now.lsn < seen.lsn) return `its log stands at ${now.lsn} and stood at ${seen.lsn}`;
  return undefined;
}

/**
 * The same for one shard. Its own progress is compared too: by the time that somebody looks, the log of a restored
 * database may have passed the place that it was restored from.
 */
export function shardRegressionOf(
  seen: StoreNote,
  now: StorePosition,
  progressId: string,
): string | undefined {
  const regression = regressionOf(seen, now);
  if (regression !== undefined) return regression;
  return compareEntryIds(progressId, seen.lastId) < 0
    ? `it holds the shard up to ${progressId} and held it up to ${seen.lastId}`
    : undefined;
}
