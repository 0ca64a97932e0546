import { type Redis } from 'ioredis';
import { companionKey } from '../../contracts';
import { checkFields, encodeEpoch, flatFields } from '../arguments';
import { STREAM_START, type StreamEntry } from '../entries';
import ackOwned from '../lua/ack-owned.lua';
import deadLetter from '../lua/dead-letter.lua';
import readOwned from '../lua/read-owned.lua';
import rewindOwned from '../lua/rewind-owned.lua';
import trimOwned from '../lua/trim-owned.lua';
import {
  type DeadLetter,
  type DeadLetterRequest,
  type OwnedAck,
  type OwnedRead,
  type OwnedReadRequest,
  type OwnedState,
  type OwnedStreams,
  type RewindRequest,
  type TrimRequest,
  type TrimResult,
} from '../port';
import { type RedisNodes } from './nodes';
import { asText, list, pairsOf, ReplyReader } from './reply';
import { Script, type Argument } from './script';
import { isReplyError, refused } from './stream-error';
import { type EntryWaiter } from './waiting';

const scripts = {
  read: new Script(readOwned, { draining: true }),
  ack: new Script(ackOwned, { draining: true }),
  deadLetter: new Script(deadLetter, { draining: true }),
  trim: new Script(trimOwned, { draining: true }),
  rewind: new Script(rewindOwned, { draining: true }),
};

/** Longer than anything that could present an entry again: a rewind, or a store restored from a backup of days. */
const LETTER_MEMORY_MS = 7 * 24 * 3_600_000;

const ownKey = (stream: string): string => companionKey(stream, 'own');
const noteKey = (stream: string): string => companionKey(stream, 'note');
const samplesKey = (stream: string): string => companionKey(stream, 'acked');
const seenKey = (deadLetterStream: string): string => companionKey(deadLetterStream, 'seen');

export class RedisOwnedStreams implements OwnedStreams {
  constructor(
    private readonly commands: RedisNodes,
    private readonly writes: RedisNodes,
    private readonly waiter: EntryWaiter,
    private readonly replicas: number,
  ) {}

  async readOwned({ stream, group, consumer, epoch, count }: OwnedReadRequest): Promise<OwnedRead> {
    const args = [group, consumer, encodeEpoch(epoch), count];
    const reply = await this.commands.run(stream, (redis) =>
      scripts.read.run(redis, [stream, ownKey(stream)], args),
    );
    const reader = new ReplyReader(reply);
    if (reader.text() === 'stale') return { kind: 'stale', ownEpoch: BigInt(reader.text()) };
    return ownedEntries(reader);
  }

  async ackOwned({ stream, group, epoch, ids, note = '' }: OwnedAck): Promise<'acked' | 'stale'> {
    const args = [group, encodeEpoch(epoch), note, ...ids];
    const keys = [stream, ownKey(stream), noteKey(stream)];
    const reply = await this.commands.run(stream, (redis) => scripts.ack.run(redis, keys, args));
    return asText(reply) === 'stale' ? 'stale' : 'acked';
  }

  async deadLetter(request: DeadLetterRequest): Promise<'parked' | 'stale'> {
    const { stream, deadLetterStream, group, epoch, letters, settled = [], note = '' } = request;
    const head = [group, encodeEpoch(epoch), LETTER_MEMORY_MS, note];
    const args: Argument[] = [...head, settled.length, ...settled];
    for (const { id, record = '', fields } of letters) {
      checkFields(fields);
      const flat = flatFields(fields);
      args.push(id, record, flat.length, ...flat);
    }
    const keys = [stream, ownKey(stream), deadLetterStream, seenKey(deadLetterStream), noteKey(stream)];
    const reply = await this.writes.run(stream, (redis) =>
      scripts.deadLetter.run(redis, keys, args, this.replicas),
    );
    return asText(reply) === 'stale' ? 'stale' : 'parked';
  }

  async findParked(
    deadLetterStream: string,
    letters: readonly Pick<DeadLetter, 'id' | 'record'>[],
  ): Promise<readonly boolean[]> {
    if (letters.length === 0) return [];
    const keys = letters.map(({ id, record = '' }) => `${id}#${record}`);
    const scores = await this.commands.run(deadLetterStream, (redis) =>
      redis.zmscore(seenKey(deadLetterStream), keys),
    );
    return scores.map((score) => score !== null);
  }

  ownedState(stream: string): Promise<OwnedState> {
    return this.commands.run(stream, async (redis) => {
      const [note, lastId] = await Promise.all([redis.get(noteKey(stream)), lastIdOf(redis, stream)]);
      return { note: note ?? undefined, lastId };
    });
  }

  async rewindOwned({ stream, group, epoch }: RewindRequest): Promise<'rewound' | 'stale'> {
    const keys = [stream, ownKey(stream), noteKey(stream), samplesKey(stream)];
    const args = [group, encodeEpoch(epoch)];
    const reply = await this.commands.run(stream, (redis) => scripts.rewind.run(redis, keys, args));
    return asText(reply) === 'stale' ? 'stale' : 'rewound';
  }

  async lastIds(streams: readonly string[]): Promise<Map<string, string>> {
    const ids = streams.map((stream) =>
      this.commands.run(stream, async (redis) => {
        const [last] = list(await redis.callBuffer('XREVRANGE', stream, '+', '-', 'COUNT', 1));
        return [stream, last === undefined ? STREAM_START : asText(list(last)[0])] as const;
      }),
    );
    return new Map(await Promise.all(ids));
  }

  async waitForEntries(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    if (after.size === 0) throw new RangeError('there is no stream to wait for');
    const grown = await this.waiter.grown(after, timeoutMs, signal);
    // The first new entry tells that a stream grew; where it ends is asked for apart, or each wait would step by one.
    const last = await this.lastIds(grown.map(([stream]) => stream));
    // Trimmed empty in between: what was seen still counts as the place to go on from.
    for (const [stream, id] of grown) if (last.get(stream) === STREAM_START) last.set(stream, id);
    return last;
  }

  async trimOwned({ stream, groups, keepMs, since = 'added' }: TrimRequest): Promise<TrimResult> {
    const keys = [stream, samplesKey(stream)];
    const args = [keepMs, since, ...groups];
    const reply = await this.commands.run(stream, (redis) => scripts.trim.run(redis, keys, args));
    const reader = new ReplyReader(reply);
    const removed = reader.integer();
    const unknownGroups: string[] = [];
    while (!reader.isAtEnd) unknownGroups.push(reader.text());
    return { removed, unknownGroups };
  }
}

/** As the store knows it itself: it outlives the entries. */
async function lastIdOf(redis: Redis, stream: string): Promise<string> {
  try {
    const info = pairsOf(await redis.callBuffer('XINFO', 'STREAM', stream));
    return asText(info.get('last-generated-id'));
  } catch (error) {
    if (isReplyError(error, 'ERR') && error.message.includes('no such key')) return STREAM_START;
    throw error;
  }
}

function ownedEntries(reader: ReplyReader): OwnedRead {
  const redelivered = reader.integer() === 1;
  const lostIds = Array.from({ length: reader.integer() }, () => reader.text());
  const entries: StreamEntry[] = [];
  const deliveries = new Map<string, number>();
  while (!reader.isAtEnd) {
    const id = reader.text();
    const times = reader.integer();
    if (redelivered) deliveries.set(id, times);
    entries.push({ id, fields: reader.fields(reader.integer()) });
  }
  if (redelivered && entries.length === 0) throw refused('pending entries were claimed and none was given');
  return { kind: 'entries', entries, redelivered, deliveries, lostIds };
}
