import { type Redis } from 'ioredis';
import { addedAtMs, compareEntryIds, STREAM_START, type StreamEntry } from '../entries';
import { type GroupInfo, type StoreMemory, type StreamInfo, type StreamInspector } from '../port';
import { type RedisNodes } from './nodes';
import { asInteger, asText, entriesOf, list, pairsOf } from './reply';
import { isReplyError } from './stream-error';

export class RedisInspector implements StreamInspector {
  constructor(private readonly commands: RedisNodes) {}

  async info(stream: string, knownGroups: readonly string[]): Promise<StreamInfo | undefined> {
    return this.commands.run(stream, async (redis) => {
      try {
        return await infoOf(redis, stream, new Set(knownGroups));
      } catch (error) {
        if (isReplyError(error, 'ERR') && error.message.includes('no such key')) return undefined;
        throw error;
      }
    });
  }

  async range(stream: string, from: string, to: string, count: number): Promise<readonly StreamEntry[]> {
    return entriesOf(
      await this.commands.run(stream, (redis) =>
        redis.callBuffer('XRANGE', stream, from, to, 'COUNT', count),
      ),
    );
  }

  async boot(): Promise<string> {
    const infos = await this.commands.onEach((redis) => redis.info('server'));
    // Of a cluster every server's: each of them may have come back without what it held.
    return infos
      .map((info) => infoField(info, 'run_id') ?? '')
      .sort()
      .join(' ');
  }

  findLost(stream: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.commands.run(stream, async (redis) => {
      const { isTrimmed } = await trimmedOf(redis, stream);
      const lost = new Map<string, string>();
      for (let first = 0; first < ids.length; first += LOOKS_AT_ONCE) {
        const some = ids.slice(first, first + LOOKS_AT_ONCE);
        const found = await Promise.all(some.map((id) => lastUpTo(redis, stream, id)));
        for (const [index, id] of some.entries()) {
          const last = found[index] ?? STREAM_START;
          if (last !== id && !isTrimmed(id)) lost.set(id, last);
        }
      }
      return lost;
    });
  }

  async memory(): Promise<StoreMemory> {
    const infos = await this.commands.onEach((redis) => redis.info('memory'));
    const servers = infos.map((info) => ({
      usedBytes: infoNumber(info, 'used_memory'),
      maxBytes: infoNumber(info, 'maxmemory'),
    }));
    // Of several the fullest: whose keys go there is stopped by it, however much room the others have.
    return servers.reduce((a, b) => (fullness(b) > fullness(a) ? b : a));
  }
}

/** Questions that are under way together. */
const LOOKS_AT_ONCE = 1000;

async function lastUpTo(redis: Redis, stream: string, id: string): Promise<string | undefined> {
  const [entry] = list(await redis.callBuffer('XREVRANGE', stream, id, '-', 'COUNT', 1));
  return entry === undefined ? undefined : asText(list(entry)[0]);
}

/** What lies before the first entry was trimmed, unless nothing was ever taken from this stream: then it is a new one. */
async function trimmedOf(redis: Redis, stream: string): Promise<{ isTrimmed: (id: string) => boolean }> {
  try {
    const details = pairsOf(await redis.callBuffer('XINFO', 'STREAM', stream));
    const length = asInteger(details.get('length'));
    const removed = asInteger(details.get('entries-added')) - length;
    const [first] = length === 0 ? [details.get('last-generated-id')] : list(details.get('first-entry'));
    const bound = asText(first);
    return { isTrimmed: (id) => removed > 0 && compareEntryIds(id, bound) <= 0 };
  } catch (error) {
    if (isReplyError(error, 'ERR') && error.message.includes('no such key')) {
      return { isTrimmed: () => false };
    }
    throw error;
  }
}

async function infoOf(redis: Redis, stream: string, known: ReadonlySet<string>): Promise<StreamInfo> {
  const [streamReply, groupsReply, time] = await Promise.all([
    redis.callBuffer('XINFO', 'STREAM', stream),
    redis.callBuffer('XINFO', 'GROUPS', stream),
    redis.time(),
  ]);
  const nowMs = Math.floor(Number(time[0]) * 1000 + Number(time[1]) / 1000);
  const details = pairsOf(streamReply);
  const length = asInteger(details.get('length'));
  const groups = await Promise.all(
    list(groupsReply).map((group) => groupOf(redis, stream, pairsOf(group), known, nowMs)),
  );
  const ends = ['first-entry', 'last-entry'].map((end) => {
    const entry = details.get(end);
    return entry === null || entry === undefined ? STREAM_START : asText(list(entry)[0]);
  });
  const [firstId = STREAM_START, lastId = STREAM_START] = ends;
  const unreadTrimmed = groups.some(({ lag }) => lag !== null && lag > length);
  return { length, firstId, lastId, groups, unreadTrimmed };
}

async function groupOf(
  redis: Redis,
  stream: string,
  details: ReadonlyMap<string, unknown>,
  known: ReadonlySet<string>,
  nowMs: number,
): Promise<GroupInfo> {
  const name = asText(details.get('name'));
  const lastDeliveredId = asText(details.get('last-delivered-id'));
  const lag = details.get('lag');
  const [summary, unread] = await Promise.all([
    redis.callBuffer('XPENDING', stream, name),
    redis.callBuffer('XRANGE', stream, `(${lastDeliveredId}`, '+', 'COUNT', 1),
  ]);
  const oldestPending = list(summary)[1];
  const [oldestUnread] = entriesOf(unread);
  const ageMs = (id: string) => Math.max(0, nowMs - addedAtMs(id));
  return {
    name,
    lag: lag === null || lag === undefined ? null : asInteger(lag),
    pending: asInteger(details.get('pending')),
    oldestPendingMs: oldestPending === null ? null : ageMs(asText(oldestPending)),
    oldestUnreadMs: oldestUnread === undefined ? null : ageMs(oldestUnread.id),
    lastDeliveredId,
    known: known.has(name),
  };
}

const fullness = ({ usedBytes, maxBytes }: StoreMemory): number =>
  maxBytes === 0 ? 0 : usedBytes / maxBytes;

/** One line `name:value` of INFO. */
export function infoField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

export function infoNumber(info: string, name: string): number {
  return asInteger(infoField(info, name) ?? '0');
}
