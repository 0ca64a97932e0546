import { companionKey } from '../../contracts';
import { encodeEpoch } from '../arguments';
import { compareEntryIds, STREAM_START, type StreamEntry } from '../entries';
import type * as port from '../port';
import { type MemoryServer } from './memory-server';
import { type MemoryGroup, type MemoryStream } from './memory-stream';

const LARGEST_ID = '18446744073709551615-18446744073709551615';
const noteKey = (stream: string): string => companionKey(stream, 'note');
const samplesKey = (stream: string): string => companionKey(stream, 'acked');

/** The reading verbs as single steps on a {@link MemoryServer}. */

export function readOwned(server: MemoryServer, request: port.OwnedReadRequest): port.OwnedRead {
  const { stream: name, group: groupName, consumer, epoch, count } = request;
  const stored = staleEpoch(server, name, epoch);
  if (stored !== undefined) return { kind: 'stale', ownEpoch: stored };
  server.put(companionKey(name, 'own'), encodeEpoch(epoch));
  const stream = server.makeStream(name);
  const group = stream.group(groupName);
  const { entries, lostIds } = claim(server, stream, group, { consumer, count, minIdleMs: 0 });
  if (entries.length > 0) {
    const deliveries = new Map(entries.map(({ id }) => [id, group.pending.get(id)?.deliveries ?? 1]));
    return { kind: 'entries', entries, redelivered: true, deliveries, lostIds };
  }
  const fresh = readNew(server, stream, group, consumer, count);
  return { kind: 'entries', entries: fresh, redelivered: false, deliveries: new Map(), lostIds };
}

export function ackOwned(server: MemoryServer, request: port.OwnedAck): 'acked' | 'stale' {
  if (staleEpoch(server, request.stream, request.epoch) !== undefined) return 'stale';
  ackGroup(server, request.stream, request.group, request.ids);
  keepNote(server, request);
  return 'acked';
}

export function deadLetter(server: MemoryServer, request: port.DeadLetterRequest): 'parked' | 'stale' {
  const { stream, deadLetterStream, group, epoch, letters, settled = [] } = request;
  if (staleEpoch(server, stream, epoch) !== undefined) return 'stale';
  const seen = server.makeHash(companionKey(deadLetterStream, 'seen'));
  for (const { id, record = '', fields } of letters) {
    const key = `${id}#${record}`;
    if (!seen.has(key)) seen.set(key, server.add(deadLetterStream, fields));
    if (record === '') ackGroup(server, stream, group, [id]);
  }
  ackGroup(server, stream, group, settled);
  keepNote(server, request);
  return 'parked';
}

export function findParked(
  server: MemoryServer,
  deadLetterStream: string,
  letters: readonly Pick<port.DeadLetter, 'id' | 'record'>[],
): boolean[] {
  const seen = server.hash(companionKey(deadLetterStream, 'seen'));
  return letters.map(({ id, record = '' }) => seen?.has(`${id}#${record}`) ?? false);
}

export function ownedState(server: MemoryServer, name: string): port.OwnedState {
  return { note: server.text(noteKey(name)), lastId: server.stream(name)?.lastGeneratedId ?? STREAM_START };
}

export function rewindOwned(server: MemoryServer, request: port.RewindRequest): 'rewound' | 'stale' {
  if (staleEpoch(server, request.stream, request.epoch) !== undefined) return 'stale';
  server.delete(noteKey(request.stream));
  server.delete(samplesKey(request.stream));
  const stream = server.stream(request.stream);
  const group = stream?.groups.get(request.group);
  if (stream !== undefined && group !== undefined) {
    group.lastDeliveredId = STREAM_START;
    group.entriesRead = stream.added - stream.length;
  }
  return 'rewound';
}

export function lastIds(server: MemoryServer, streams: readonly string[]): Map<string, string> {
  return new Map(streams.map((name) => [name, server.stream(name)?.lastId ?? STREAM_START]));
}

/** Undefined while none of the streams has grown. */
export function grownStreams(
  server: MemoryServer,
  after: ReadonlyMap<string, string>,
): Map<string, string> | undefined {
  const grown = [...lastIds(server, [...after.keys()])].filter(
    ([name, id]) => compareEntryIds(id, after.get(name) ?? STREAM_START) > 0,
  );
  return grown.length > 0 ? new Map(grown) : undefined;
}

export function trimOwned(
  server: MemoryServer,
  { stream: name, groups, keepMs, since = 'added' }: port.TrimRequest,
): port.TrimResult {
  const stream = server.stream(name);
  if (stream === undefined) return { removed: 0, unknownGroups: [] };
  let oldest = since === 'added' ? `${Math.max(0, server.now() - keepMs)}-0` : LARGEST_ID;
  for (const groupName of groups) {
    const group = stream.groups.get(groupName);
    const needed = group === undefined ? STREAM_START : (group.pendingIds[0] ?? group.lastDeliveredId);
    if (compareEntryIds(needed, oldest) < 0) oldest = needed;
  }
  if (since === 'acknowledged') oldest = acknowledgedBefore(server, name, oldest, keepMs);
  const unknownGroups = [...stream.groups.keys()].filter((group) => !groups.includes(group));
  return { removed: stream.removeBelow(oldest), unknownGroups };
}

/** Everything below `needed` is acknowledged now; answers what was so `keepMs` ago. */
function acknowledgedBefore(server: MemoryServer, name: string, needed: string, keepMs: number): string {
  const samples = server.makeHash(samplesKey(name));
  if (!samples.has(needed)) samples.set(needed, String(server.now()));
  const old = [...samples].filter(([, at]) => Number(at) <= server.now() - keepMs);
  const newest = old.sort(([, a], [, b]) => Number(a) - Number(b)).at(-1);
  if (newest === undefined) return STREAM_START;
  for (const [id] of old) if (id !== newest[0]) samples.delete(id);
  return compareEntryIds(newest[0], needed) < 0 ? newest[0] : needed;
}

function keepNote(server: MemoryServer, { stream, note }: { stream: string; note?: string }): void {
  if (note !== undefined) server.put(noteKey(stream), note);
}

export function readGroup(
  server: MemoryServer,
  { stream: name, group, consumer, count }: port.GroupReadRequest,
): StreamEntry[] | undefined {
  const stream = server.makeStream(name);
  const entries = readNew(server, stream, stream.group(group), consumer, count);
  return entries.length > 0 ? entries : undefined;
}

export function claimIdle(server: MemoryServer, request: port.ClaimIdleRequest): port.ClaimedEntries {
  const stream = server.makeStream(request.stream);
  return claim(server, stream, stream.group(request.group), request);
}

export function ackGroup(
  server: MemoryServer,
  name: string,
  groupName: string,
  ids: readonly string[],
): void {
  const group = server.stream(name)?.groups.get(groupName);
  for (const id of ids) group?.pending.delete(id);
}

/** The newer epoch that makes this one stale. */
function staleEpoch(server: MemoryServer, name: string, epoch: bigint): bigint | undefined {
  const stored = server.text(companionKey(name, 'own'));
  return stored !== undefined && encodeEpoch(epoch) < stored ? BigInt(stored) : undefined;
}

function readNew(
  server: MemoryServer,
  stream: MemoryStream,
  group: MemoryGroup,
  consumer: string,
  count: number,
): StreamEntry[] {
  const entries = stream.after(group.lastDeliveredId, count);
  for (const { id } of entries) {
    group.deliver(id, consumer, server.now());
    group.lastDeliveredId = id;
    group.entriesRead += 1;
  }
  return entries;
}

function claim(
  server: MemoryServer,
  stream: MemoryStream,
  group: MemoryGroup,
  { consumer, minIdleMs, count }: Pick<port.ClaimIdleRequest, 'consumer' | 'minIdleMs' | 'count'>,
): port.ClaimedEntries {
  const entries: StreamEntry[] = [];
  const lostIds: string[] = [];
  for (const id of group.pendingIds) {
    if (entries.length >= count) break;
    if (server.now() - (group.pending.get(id)?.deliveredAtMs ?? 0) < minIdleMs) continue;
    const entry = stream.find(id);
    if (entry === undefined) {
      group.pending.delete(id);
      lostIds.push(id);
    } else {
      group.deliver(id, consumer, server.now());
      entries.push(entry);
    }
  }
  return { entries, lostIds };
}
