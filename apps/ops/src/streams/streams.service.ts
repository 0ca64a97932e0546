import { PROCESSOR_GROUP, shardLeaseName, telemetryStream } from '@app/common/contracts';
import { type QuerySource, statement } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { addedAtMs, type StreamEntry, type Streams } from '@app/common/streams';
import { ageText } from '../cli';
import { type WatchedStream } from '../overview';
import { isOwnedGroup } from './names';
import shardLeases from './sql/shard-leases.sql';

const SHARD_LEASES = statement('streams_shard_leases', shardLeases);

export interface OwnerRow {
  readonly shard: number;
  /** Null where nobody has the shard. */
  readonly owner: string | null;
  readonly epoch: string | null;
  readonly expires_at: Date | null;
  /** By which the stream was read last; it differs from the lease's for a moment after a take-over. */
  readonly stream_epoch: string | null;
}

interface LeaseRow {
  readonly name: string;
  readonly owner: string;
  readonly epoch: bigint;
  readonly expires_at: Date;
  readonly is_live: boolean;
}

export async function shardOwners(
  source: QuerySource,
  streams: Streams,
  shards: number,
): Promise<readonly OwnerRow[]> {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  const rows = await source.query<LeaseRow>(SHARD_LEASES, [numbers.map(shardLeaseName)]);
  const leases = new Map(rows.map((row) => [row.name, row]));
  return Promise.all(
    numbers.map(async (shard) => {
      const lease = leases.get(shardLeaseName(shard));
      const streamEpoch = await streams.ownEpoch(telemetryStream(shard));
      return {
        shard,
        owner: lease?.is_live === true ? lease.owner : null,
        epoch: lease?.epoch.toString() ?? null,
        expires_at: lease?.is_live === true ? lease.expires_at : null,
        stream_epoch: streamEpoch?.toString() ?? null,
      };
    }),
  );
}

export interface LagRow {
  readonly stream: string;
  readonly length: number;
  readonly group: string | null;
  readonly lag: number | 'unknown' | null;
  readonly pending: number | null;
  /** Of the oldest entry that the group has not acknowledged; without a group of the oldest there is. */
  readonly oldest_age_ms: number | null;
  readonly last_id: string;
  readonly warning: string | null;
}

/** @returns nothing of a stream that does not exist. */
export async function streamLag(streams: Streams, watched: WatchedStream): Promise<readonly LagRow[]> {
  const { stream, groups, optionalGroups = [] } = watched;
  const info = await streams.info(stream, [...groups, ...optionalGroups]);
  if (info === undefined) return [];
  const { length, firstId, lastId } = info;
  const base = { stream, length, last_id: lastId };
  const firstAgeMs = length === 0 ? null : Math.max(0, Date.now() - addedAtMs(firstId));
  const nothing = { group: null, lag: null, pending: null, warning: null, oldest_age_ms: firstAgeMs };
  const missing = groups.filter((group) => !info.groups.some(({ name }) => name === group));
  const rows: LagRow[] = info.groups.map(({ name, lag, pending, oldestPendingMs, oldestUnreadMs, known }) => {
    const ages = [oldestPendingMs, oldestUnreadMs].filter((age) => age !== null);
    const isTrimmed = lag !== null && lag > length;
    return {
      ...{ ...base, group: name, lag: lag ?? 'unknown', pending },
      oldest_age_ms: ages.length === 0 ? null : Math.max(...ages),
      warning: isTrimmed ? 'unread entries were removed' : known ? null : 'not a group of ours',
    };
  });
  // A group that is to be made yet begins at the beginning.
  for (const group of missing) rows.push({ ...base, ...nothing, group, lag: length, pending: 0 });
  return rows.length > 0 ? rows : [{ ...base, ...nothing }];
}

export interface PendingRow {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly id: string;
  readonly idle_ms: number;
  readonly deliveries: number;
}

export async function pendingOf(
  streams: Streams,
  { stream }: WatchedStream,
  limit: number,
): Promise<readonly PendingRow[]> {
  const info = await streams.info(stream, []);
  const groups = (info?.groups ?? []).filter(({ pending }) => pending > 0);
  const rows = await Promise.all(
    groups.map(async ({ name: group }) => {
      const entries = await streams.listPending({ stream, group, count: limit });
      return entries.map(({ id, consumer, idleMs, deliveries }) => ({
        ...{ stream, group, consumer, id, idle_ms: idleMs, deliveries },
      }));
    }),
  );
  return rows.flat();
}

export interface ClaimWish {
  readonly stream: string;
  readonly group: string;
  readonly from: string;
  readonly idleMs: number;
}

/**
 * @throws OdographError INPUT_INVALID for a stream whose owner does it by itself; NOT_FOUND; STILL_IN_USE where the
 * consumer has asked for entries lately.
 */
export async function checkClaim(
  streams: Streams,
  { stream, group, from, idleMs }: ClaimWish,
): Promise<void> {
  if (isOwnedGroup(group)) {
    throw new OdographError('INPUT_INVALID', {
      detail:
        group === PROCESSOR_GROUP
          ? 'the owner of a shard takes over by itself all that is pending, before it reads anything new; `odo streams owners` tells who that is, and a processor that starts becomes the owner'
          : 'the session of a device takes over its commands by itself at the next login',
    });
  }
  const consumer = (await streams.consumers(stream, group)).find(({ name }) => name === from);
  if (consumer === undefined) {
    throw new OdographError('NOT_FOUND', { detail: `no consumer ${from} of group ${group} on ${stream}` });
  }
  if (consumer.idleMs < idleMs) {
    const ago = ageText(consumer.idleMs);
    throw new OdographError('STILL_IN_USE', { detail: `${from} asked for entries ${ago} ago, it is alive` });
  }
}

export interface NextEntry {
  readonly entry: StreamEntry;
  /** Who holds it; null where the group has not been given it yet. */
  readonly held: { readonly consumer: string; readonly idle_ms: number; readonly deliveries: number } | null;
}

/**
 * What a group gets next, nothing being taken: what was handed out and not acknowledged, oldest first, then what it has
 * not been given yet. Pending entries that were deleted from the stream are left out: nobody gets them.
 *
 * @throws OdographError NOT_FOUND where there is no such group.
 */
export async function nextOf(
  streams: Streams,
  { stream, group, count }: { readonly stream: string; readonly group: string; readonly count: number },
): Promise<readonly NextEntry[]> {
  const info = (await streams.info(stream, []))?.groups.find(({ name }) => name === group);
  if (info === undefined) {
    throw new OdographError('NOT_FOUND', {
      detail: `no group ${group} on ${stream}: it would begin at the oldest entry`,
    });
  }
  const held = await streams.listPending({ stream, group, count });
  const pending = await Promise.all(
    held.map(async ({ id, consumer, idleMs, deliveries }) => {
      const [entry] = await streams.range(stream, id, id, 1);
      return entry === undefined ? [] : [{ entry, held: { consumer, idle_ms: idleMs, deliveries } }];
    }),
  );
  const handedOut = pending.flat();
  const wanted = count - handedOut.length;
  if (wanted <= 0) return handedOut;
  const unread = await streams.range(stream, `(${info.lastDeliveredId}`, '+', wanted);
  return [...handedOut, ...unread.map((entry) => ({ entry, held: null }))];
}
