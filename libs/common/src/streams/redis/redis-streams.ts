import { OdographError } from '../../errors';
import { type Service } from '../../lifecycle';
import { type Fields, type StreamEntry } from '../entries';
import type * as port from '../port';
import { RedisAppender } from './appender';
import { RedisConnectionRegistry } from './connections';
import { RedisDeployment } from './deployment';
import { assertDurable, type Fsync } from './durability';
import { endpointOf, type RedisAddress } from './endpoint';
import { RedisGroupStreams } from './groups';
import { RedisInspector } from './inspector';
import { type RedisNodes } from './nodes';
import { RedisOperations } from './operations';
import { RedisOwnedStreams } from './owned';
import { RedisProjections } from './projections';
import { RedisPublisher } from './publisher';
import { RedisSinks } from './sink';
import { openStore, type RedisStore } from './store';

export interface RedisStreamsOptions extends RedisAddress {
  /** What the deployer declares of the server; a server that does less is refused at start. */
  readonly fsync: Fsync;
  /** Replicas that must hold a write before it counts; 0 waits for none. */
  readonly waitReplicas: number;
  /** How long {@link RedisStreams.start} tries. */
  readonly startupTimeoutMs: number;
  /** Longest wait for an answer of a verb that does not block. Default 5 s. */
  readonly replyTimeoutMs?: number;
}

const REPLY_TIMEOUT_MS = 5000;

/**
 * The streams on Redis 7: one server, the primary that sentinels name, or a cluster.
 */
export class RedisStreams implements port.Streams, Service {
  readonly name = 'redis';
  readonly stage = 'stores';

  /** For what goes beside the verbs within this area: health and the start-up check. */
  readonly commands: RedisNodes;
  private readonly store: RedisStore;
  private readonly appender: RedisAppender;
  private readonly owned: RedisOwnedStreams;
  private readonly groups: RedisGroupStreams;
  private readonly publisher: RedisPublisher;
  private readonly sinks: RedisSinks;
  private readonly inspector: RedisInspector;
  private readonly projections: RedisProjections;
  private readonly connections: RedisConnectionRegistry;
  private readonly operations: RedisOperations;
  private readonly deployment: RedisDeployment;

  /** @throws OdographError CONFIG_INVALID */
  constructor(readonly options: RedisStreamsOptions) {
    const { waitReplicas, replyTimeoutMs = REPLY_TIMEOUT_MS } = options;
    this.store = openStore(endpointOf(options), { replyTimeoutMs, waitReplicas });
    const { commands, writes, appends, blocking, waiter } = this.store;
    this.commands = commands;
    this.appender = new RedisAppender(appends, writes);
    this.owned = new RedisOwnedStreams(commands, writes, waiter, waitReplicas);
    this.groups = new RedisGroupStreams(commands, blocking);
    this.publisher = new RedisPublisher(writes, waitReplicas);
    this.sinks = new RedisSinks(writes, waitReplicas);
    this.inspector = new RedisInspector(commands);
    this.projections = new RedisProjections(commands);
    this.connections = new RedisConnectionRegistry(commands);
    this.operations = new RedisOperations(commands, writes, waitReplicas);
    this.deployment = new RedisDeployment(commands);
  }

  /**
   * Connects within the start-up timeout and refuses a server that would lose what it acknowledged.
   *
   * @throws OdographError REDIS_UNREACHABLE, REDIS_NOT_DURABLE
   */
  async start(): Promise<void> {
    const deadline = performance.now() + this.options.startupTimeoutMs;
    const leftMs = () => Math.max(1, deadline - performance.now());
    await this.store.connect(leftMs());
    await this.ping(leftMs());
    await this.commands.onEach((redis) => assertDurable(redis, this.options.fsync), leftMs());
  }

  async stop(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  snapshot(): Record<string, unknown> {
    return {
      commandsReady: this.commands.isReady,
      writesReady: this.store.writes.isReady,
      appendsReady: this.store.appends.isReady,
      appendsWaiting: this.appender.depth,
    };
  }

  async ping(timeoutMs: number): Promise<number> {
    const startedAt = performance.now();
    const replies = await this.commands.onEach((redis) => redis.ping(), timeoutMs);
    if (replies.some((reply) => reply !== 'PONG'))
      throw new OdographError('REDIS_UNREACHABLE', { detail: 'it is no Redis' });
    return performance.now() - startedAt;
  }

  append(stream: string, fields: Fields): Promise<string> {
    return this.appender.append(stream, fields);
  }
  series(stream: string, shared: Fields, names: readonly string[]): port.AppendSeries {
    return this.appender.series(stream, shared, names);
  }
  broadcast(stream: string, entries: readonly Fields[], keepAbout: number): Promise<void> {
    return this.appender.broadcast(stream, entries, keepAbout);
  }

  readOwned(request: port.OwnedReadRequest): Promise<port.OwnedRead> {
    return this.owned.readOwned(request);
  }
  ackOwned(request: port.OwnedAck): Promise<'acked' | 'stale'> {
    return this.owned.ackOwned(request);
  }
  deadLetter(request: port.DeadLetterRequest): Promise<'parked' | 'stale'> {
    return this.owned.deadLetter(request);
  }
  lastIds(streams: readonly string[]): Promise<Map<string, string>> {
    return this.owned.lastIds(streams);
  }
  waitForEntries(
    after: ReadonlyMap<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    return this.owned.waitForEntries(after, timeoutMs, signal);
  }
  findParked(
    deadLetterStream: string,
    letters: readonly Pick<port.DeadLetter, 'id' | 'record'>[],
  ): Promise<readonly boolean[]> {
    return this.owned.findParked(deadLetterStream, letters);
  }
  ownedState(stream: string): Promise<port.OwnedState> {
    return this.owned.ownedState(stream);
  }
  rewindOwned(request: port.RewindRequest): Promise<'rewound' | 'stale'> {
    return this.owned.rewindOwned(request);
  }
  trimOwned(request: port.TrimRequest): Promise<port.TrimResult> {
    return this.owned.trimOwned(request);
  }

  ensureGroup(stream: string, group: string): Promise<void> {
    return this.groups.ensureGroup(stream, group);
  }
  readGroup(request: port.GroupReadRequest): Promise<readonly StreamEntry[]> {
    return this.groups.readGroup(request);
  }
  claimIdle(request: port.ClaimIdleRequest): Promise<port.ClaimedEntries> {
    return this.groups.claimIdle(request);
  }
  ackGroup(stream: string, group: string, ids: readonly string[]): Promise<void> {
    return this.groups.ackGroup(stream, group, ids);
  }

  claimMark(request: port.ClaimMarkRequest): Promise<port.ClaimedMark> {
    return this.publisher.claimMark(request);
  }
  publishMarked(request: port.PublishMarkedRequest): Promise<port.PublishedMessages> {
    return this.publisher.publishMarked(request);
  }
  publishRetried(request: port.PublishRetriedRequest): Promise<port.RetriedMessages> {
    return this.publisher.publishRetried(request);
  }
  publishOnce(request: port.PublishOnceRequest): Promise<readonly port.PublishedOnce[]> {
    return this.publisher.publishOnce(request);
  }

  publishToSink(request: port.SinkRequest): Promise<port.SinkReply> {
    return this.sinks.publishToSink(request);
  }
  findUnpublished(stream: string, dedupeIds: readonly string[]): Promise<readonly string[]> {
    return this.sinks.findUnpublished(stream, dedupeIds);
  }
  renewSink(stream: string, birth: string): Promise<void> {
    return this.sinks.renewSink(stream, birth);
  }

  info(stream: string, knownGroups: readonly string[]): Promise<port.StreamInfo | undefined> {
    return this.inspector.info(stream, knownGroups);
  }
  range(stream: string, from: string, to: string, count: number): Promise<readonly StreamEntry[]> {
    return this.inspector.range(stream, from, to, count);
  }
  boot(): Promise<string> {
    return this.inspector.boot();
  }
  findLost(stream: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.inspector.findLost(stream, ids);
  }
  memory(): Promise<port.StoreMemory> {
    return this.inspector.memory();
  }

  readProjection(name: string, field: string): Promise<port.ProjectedValue> {
    return this.projections.readProjection(name, field);
  }
  writeProjection(
    name: string,
    changes: port.ProjectionChanges,
    complete?: boolean,
  ): Promise<{ readonly complete: boolean }> {
    return this.projections.writeProjection(name, changes, complete);
  }
  replaceProjection(name: string, entries: Iterable<readonly [field: string, value: string]>): Promise<void> {
    return this.projections.replaceProjection(name, entries);
  }

  claimConnection(request: port.ClaimConnectionRequest): Promise<port.ClaimedConnection> {
    return this.connections.claimConnection(request);
  }
  keepConnections(request: port.KeepConnectionsRequest): Promise<readonly port.KeptConnection[]> {
    return this.connections.keepConnections(request);
  }
  releaseConnection(imei: string, epoch: bigint): Promise<void> {
    return this.connections.releaseConnection(imei, epoch);
  }
  findConnection(imei: string): Promise<port.Connection | undefined> {
    return this.connections.findConnection(imei);
  }

  newest(stream: string, count: number, before?: string): Promise<readonly StreamEntry[]> {
    return this.operations.newest(stream, count, before);
  }
  listPending(query: port.PendingQuery): Promise<readonly port.PendingEntry[]> {
    return this.operations.listPending(query);
  }
  consumers(stream: string, group: string): Promise<readonly port.ConsumerInfo[]> {
    return this.operations.consumers(stream, group);
  }
  ownEpoch(stream: string): Promise<bigint | undefined> {
    return this.operations.ownEpoch(stream);
  }
  releasePending(request: port.ReleaseRequest): Promise<readonly string[]> {
    return this.operations.releasePending(request);
  }
  replayLetter(request: port.ReplayRequest): Promise<port.ReplayedLetter> {
    return this.operations.replayLetter(request);
  }
  resolveLetter(deadLetterStream: string, id: string): Promise<boolean> {
    return this.operations.resolveLetter(deadLetterStream, id);
  }
  removeDrained(stream: string): Promise<boolean> {
    return this.operations.removeDrained(stream);
  }

  joinDeployment(request: port.JoinRequest): Promise<string> {
    return this.deployment.joinDeployment(request);
  }
  leaveDeployment(name: string, member: string): Promise<void> {
    return this.deployment.leaveDeployment(name, member);
  }
  deploymentFact(name: string): Promise<port.DeploymentFact> {
    return this.deployment.deploymentFact(name);
  }
  switchDeployment(name: string, value: string): Promise<readonly string[]> {
    return this.deployment.switchDeployment(name, value);
  }
}
