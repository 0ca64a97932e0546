import { companionKey, DEVICE_REGISTRY_COMPLETE } from '../../contracts';
import { OdographError } from '../../errors';
import { addedAtMs, compareEntryIds, STREAM_START, type Fields, type StreamEntry } from '../entries';
import type * as port from '../port';
import * as connections from './memory-connections';
import * as operations from './memory-operations';
import * as publishing from './memory-publishing';
import * as reads from './memory-reads';
import * as sinks from './memory-sink';
import { MemoryServer } from './memory-server';
import { type MemoryGroup, type MemoryStream } from './memory-stream';

/** The streams without a server, for the unit tests of features. Several of them share one {@link MemoryServer}. */
export class MemoryStreams implements port.Streams {
  private readonly closing = new AbortController();

  constructor(readonly server = new MemoryServer()) {}

  ping(): Promise<number> {
    return this.step(() => 0);
  }
  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  append(stream: string, fields: Fields): Promise<string> {
    return this.step((server) => server.add(stream, fields));
  }
  series(stream: string, shared: Fields, names: readonly string[]): port.AppendSeries {
    return {
      append: (values, waiter) => {
        const own = values.map((value) => (typeof value === 'string' ? value : Buffer.from(value)));
        const fields = Object.fromEntries(names.map((name, index) => [name, own[index] ?? '']));
        this.append(stream, { ...shared, ...fields }).then(
          (id) => waiter.appended(id),
          (error: unknown) => waiter.refused(error, Buffer.from(own.at(-1) ?? '')),
        );
      },
    };
  }
  broadcast(stream: string, entries: readonly Fields[], keepAbout: number): Promise<void> {
    return this.step((server) => {
      for (const fields of entries) server.add(stream, fields);
      server.stream(stream)?.keepNewest(keepAbout);
    });
  }

  readOwned(request: port.OwnedReadRequest): Promise<port.OwnedRead> {
    return this.step((server) => reads.readOwned(server, request));
  }
  ackOwned(request: port.OwnedAck): Promise<'acked' | 'stale'> {
    return this.step((server) => reads.ackOwned(server, request));
  }
  deadLetter(request: port.DeadLetterRequest): Promise<'parked' | 'stale'> {
    return this.step((server) => reads.deadLetter(server, request));
  }
  lastIds(streams: readonly string[]): Promise<Map<string, string>> {
    return this.step((server) => reads.lastIds(server, streams));
  }
  async waitForEntries(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    if (after.size === 0) throw new RangeError('there is no stream to wait for');
    const look = () => reads.grownStreams(this.server, after);
    return (await this.wait(look, timeoutMs, signal)) ?? new Map<string, string>();
  }
  findParked(
    deadLetterStream: string,
    letters: readonly Pick<port.DeadLetter, 'id' | 'record'>[],
  ): Promise<readonly boolean[]> {
    return this.step((server) => reads.findParked(server, deadLetterStream, letters));
  }
  ownedState(stream: string): Promise<port.OwnedState> {
    return this.step((server) => reads.ownedState(server, stream));
  }
  rewindOwned(request: port.RewindRequest): Promise<'rewound' | 'stale'> {
    return this.step((server) => reads.rewindOwned(server, request));
  }
  trimOwned(request: port.TrimRequest): Promise<port.TrimResult> {
    return this.step((server) => reads.trimOwned(server, request));
  }

  ensureGroup(stream: string, group: string): Promise<void> {
    return this.step((server) => {
      server.makeStream(stream).group(group);
    });
  }
  async readGroup(request: port.GroupReadRequest): Promise<readonly StreamEntry[]> {
    const { blockMs, signal } = request;
    return (await this.wait(() => reads.readGroup(this.server, request), blockMs, signal)) ?? [];
  }
  claimIdle(request: port.ClaimIdleRequest): Promise<port.ClaimedEntries> {
    return this.step((server) => reads.claimIdle(server, request));
  }
  ackGroup(stream: string, group: string, ids: readonly string[]): Promise<void> {
    return this.step((server) => reads.ackGroup(server, stream, group, ids));
  }

  claimMark(request: port.ClaimMarkRequest): Promise<port.ClaimedMark> {
    return this.step((server) => publishing.claimMark(server, request));
  }
  publishMarked(request: port.PublishMarkedRequest): Promise<port.PublishedMessages> {
    return this.step((server) => publishing.publishMarked(server, request));
  }
  publishRetried(request: port.PublishRetriedRequest): Promise<port.RetriedMessages> {
    return this.step((server) => publishing.publishRetried(server, request));
  }
  publishOnce(request: port.PublishOnceRequest): Promise<readonly port.PublishedOnce[]> {
    return this.step((server) => publishing.publishOnce(server, request));
  }

  publishToSink(request: port.SinkRequest): Promise<port.SinkReply> {
    return this.step((server) => sinks.publishToSink(server, request));
  }
  findUnpublished(stream: string, dedupeIds: readonly string[]): Promise<readonly string[]> {
    return this.step((server) => sinks.findUnpublished(server, stream, dedupeIds));
  }
  renewSink(stream: string, birth: string): Promise<void> {
    return this.step((server) => sinks.renewSink(server, stream, birth));
  }

  info(name: string, knownGroups: readonly string[]): Promise<port.StreamInfo | undefined> {
    return this.step((server) => {
      const stream = server.stream(name);
      return stream && infoOf(stream, new Set(knownGroups), server.now());
    });
  }
  range(stream: string, from: string, to: string, count: number): Promise<readonly StreamEntry[]> {
    const notBefore = (id: string) =>
      from.startsWith('(') ? compareEntryIds(id, from.slice(1)) > 0 : compareEntryIds(id, from) >= 0;
    const matches = ({ id }: StreamEntry) =>
      (from === '-' || notBefore(id)) && (to === '+' || compareEntryIds(id, to) <= 0);
    return this.step((server) => server.stream(stream)?.select(matches, count) ?? []);
  }
  boot(): Promise<string> {
    return this.step((server) => server.boot);
  }
  findLost(name: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.step((server) => lostOf(server.stream(name), ids));
  }
  memory(): Promise<port.StoreMemory> {
    return this.step(() => ({ usedBytes: 0, maxBytes: 0 }));
  }

  readProjection(name: string, field: string): Promise<port.ProjectedValue> {
    return this.step((server) => {
      const value = server.hash(name)?.get(field);
      return { complete: isComplete(server, name), ...(value === undefined ? {} : { value }) };
    });
  }
  writeProjection(
    name: string,
    { set, remove }: port.ProjectionChanges,
    complete?: boolean,
  ): Promise<{ readonly complete: boolean }> {
    return this.step((server) => {
      const hash = server.makeHash(name);
      for (const [field, value] of Object.entries(set)) hash.set(field, value);
      for (const field of remove) hash.delete(field);
      if (complete === true) hash.set(DEVICE_REGISTRY_COMPLETE, '1');
      if (complete === false) hash.delete(DEVICE_REGISTRY_COMPLETE);
      return { complete: isComplete(server, name) };
    });
  }
  replaceProjection(name: string, entries: Iterable<readonly [field: string, value: string]>): Promise<void> {
    return this.step((server) => server.put(name, new Map([...entries, [DEVICE_REGISTRY_COMPLETE, '1']])));
  }

  claimConnection(request: port.ClaimConnectionRequest): Promise<port.ClaimedConnection> {
    return this.step((server) => connections.claimConnection(server, request));
  }
  keepConnections(request: port.KeepConnectionsRequest): Promise<readonly port.KeptConnection[]> {
    return this.step((server) =>
      request.held.map((held) => connections.keepConnection(server, request, held)),
    );
  }
  releaseConnection(imei: string, epoch: bigint): Promise<void> {
    return this.step((server) => connections.releaseConnection(server, imei, epoch));
  }
  findConnection(imei: string): Promise<port.Connection | undefined> {
    return this.step((server) => connections.findConnection(server, imei));
  }

  newest(stream: string, count: number, before?: string): Promise<readonly StreamEntry[]> {
    return this.step((server) =>
      (server.stream(stream)?.after(STREAM_START) ?? [])
        .filter(({ id }) => before === undefined || compareEntryIds(id, before) < 0)
        .reverse()
        .slice(0, count),
    );
  }
  listPending(query: port.PendingQuery): Promise<readonly port.PendingEntry[]> {
    return this.step((server) => operations.listPending(server, query));
  }
  consumers(stream: string, group: string): Promise<readonly port.ConsumerInfo[]> {
    return this.step((server) => operations.consumers(server, stream, group));
  }
  ownEpoch(stream: string): Promise<bigint | undefined> {
    return this.step((server) => {
      const epoch = server.text(companionKey(stream, 'own'));
      return epoch === undefined ? undefined : BigInt(epoch);
    });
  }
  releasePending(request: port.ReleaseRequest): Promise<readonly string[]> {
    return this.step((server) => operations.releasePending(server, request));
  }
  replayLetter(request: port.ReplayRequest): Promise<port.ReplayedLetter> {
    return this.step((server) => operations.replayLetter(server, request));
  }
  resolveLetter(deadLetterStream: string, id: string): Promise<boolean> {
    return this.step((server) => operations.resolveLetter(server, deadLetterStream, id));
  }
  removeDrained(stream: string): Promise<boolean> {
    return this.step((server) => operations.removeDrained(server, stream));
  }

  joinDeployment(request: port.JoinRequest): Promise<string> {
    return this.step((server) => operations.joinDeployment(server, request));
  }
  leaveDeployment(name: string, member: string): Promise<void> {
    return this.step((server) => {
      server.hash(companionKey(name, 'members'))?.delete(member);
    });
  }
  deploymentFact(name: string): Promise<port.DeploymentFact> {
    return this.step((server) => operations.deploymentFact(server, name));
  }
  switchDeployment(name: string, value: string): Promise<readonly string[]> {
    return this.step((server) => operations.switchDeployment(server, name, value));
  }

  /** A later turn, as with a real server, then all at once. */
  private async step<Value>(work: (server: MemoryServer) => Value): Promise<Value> {
    await Promise.resolve();
    this.checkOpen();
    return work(this.server);
  }

  private async wait<Found>(
    look: () => Found | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    if (signal.aborted) return undefined;
    await this.step(() => undefined);
    const found = await this.server.wait(look, timeoutMs, AbortSignal.any([signal, this.closing.signal]));
    if (!signal.aborted) this.checkOpen();
    return found;
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted || !this.server.reachable) throw new OdographError('REDIS_UNREACHABLE');
  }
}

function isComplete(server: MemoryServer, name: string): boolean {
  return server.hash(name)?.has(DEVICE_REGISTRY_COMPLETE) ?? false;
}

/** Trimmed is not lost: what lies before the first entry of a stream that entries were taken from. */
function lostOf(stream: MemoryStream | undefined, ids: readonly string[]): Map<string, string> {
  const lost = new Map<string, string>();
  for (const id of ids) {
    if (stream?.find(id) !== undefined) continue;
    const isTrimmed =
      stream !== undefined &&
      stream.added > stream.length &&
      compareEntryIds(id, stream.length === 0 ? stream.lastGeneratedId : stream.firstId) <= 0;
    if (!isTrimmed) lost.set(id, stream?.before(id) ?? STREAM_START);
  }
  return lost;
}

function infoOf(stream: MemoryStream, known: ReadonlySet<string>, nowMs: number): port.StreamInfo {
  const ageMs = (id: string | undefined) => (id === undefined ? null : Math.max(0, nowMs - addedAtMs(id)));
  const groups = [...stream.groups].map(([name, group]: [string, MemoryGroup]) => ({
    name,
    lag: stream.added - group.entriesRead,
    pending: group.pending.size,
    oldestPendingMs: ageMs(group.pendingIds[0]),
    oldestUnreadMs: ageMs(stream.after(group.lastDeliveredId, 1)[0]?.id),
    lastDeliveredId: group.lastDeliveredId,
    known: known.has(name),
  }));
  return {
    length: stream.length,
    firstId: stream.length === 0 ? STREAM_START : stream.firstId,
    lastId: stream.lastId,
    groups,
    unreadTrimmed: groups.some(({ lag }) => lag > stream.length),
  };
}
