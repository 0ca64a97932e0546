import { loadRecordDigest } from '@app/common/contracts';
import { type Database, isOutage } from '@app/common/database';
import { hasCode } from '@app/common/errors';
import { type LeaseTable, Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { compareEntryIds, type Streams } from '@app/common/streams';
import { type SinkService } from '../sink';
import { Breaker, type BreakerState } from './breaker';
import { type IngestSettings } from './ingest.config';
import { type IngestMetrics } from './ingest.metrics';
import { type Lane } from './lane';
import { lanesOf } from './lanes';
import { LossDesk } from './loss-desk';
import { Reconciler } from './reconciler';
import { Resettling } from './resettling';
import { ShardKeeper } from './shard-keeper';
import { ShardWaker } from './shard-waker';
import { ownedShard, shardLeaseNames } from './shards';
import { StoreLedger } from './store-ledger';

export interface IngestParts {
  readonly streams: Streams;
  readonly database: Database;
  readonly leases: LeaseTable;
  readonly leaseTimeMs: number;
  readonly shards: number;
  readonly sink: SinkService;
  readonly settings: IngestSettings;
  /** Records older than this are not stored. */
  readonly retentionMs: number;
  /** For the reports of losses, which any instance takes. */
  readonly claimThresholdMs: number;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** Consumer name of this process. */
  readonly consumer: string;
  /** An idle process finds out within this time that a store was restored; a busy one with its next transaction. */
  readonly watchEveryMs?: number;
}

const TEND_EVERY_MS = 60_000;
const WATCH_EVERY_MS = 5000;
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'half-open'];

/** Takes the telemetry of the shards that this process owns from their streams into the database. */
export class IngestService implements Service {
  readonly name = 'ingest';
  readonly stage = 'work';
  /** Registered with the lifecycle beside this service: leases come before work and go after it. */
  readonly ownership: Ownership;
  readonly breaker: Breaker;
  readonly reconciler: Reconciler;
  private readonly ledger: StoreLedger;
  private readonly losses: LossDesk;
  private lanes: readonly Lane[] = [];
  private loops: Loop[] = [];
  private readonly waker: ShardWaker;
  private readonly tending: Loop;
  private readonly watching: Loop;
  private readonly resettling: Loop;
  private storedAtMs: number | undefined;
  private isStopped = false;

  constructor(private readonly parts: IngestParts) {
    const { streams, database, leases, leaseTimeMs, shards, settings, retentionMs, sink, logger, metrics } =
      parts;
    this.ownership = new Ownership(leases, {
      ...{ app: 'processor', resources: shardLeaseNames(shards), leaseTimeMs, logger },
      onChange: (held) => {
        metrics.shardsOwned.set(held.length);
        sink.forgetStates();
        this.waker.changed();
      },
    });
    const ledger = new StoreLedger(database);
    this.ledger = ledger;
    this.reconciler = new Reconciler({ ...parts, ledger, ownership: this.ownership });
    this.breaker = new Breaker({
      logger,
      probe: () => this.probe(),
      onState: (state) => metrics.breakerState.set(BREAKER_STATES.indexOf(state)),
    });
    this.losses = new LossDesk({ ...parts, ledger });
    const owned = () => this.ownedStreams();
    const wake = () => this.loops.forEach((loop) => loop.wake());
    this.waker = new ShardWaker({ streams, owned, wake, logger });
    const keepMs = settings.REWIND_WINDOW;
    const keeper = new ShardKeeper({ streams, ledger, owned, metrics, logger, keepMs, retentionMs });
    this.tending = new Loop({
      ...{ name: 'ingest tending', logger },
      round: () => keeper.tend().then(() => TEND_EVERY_MS),
    });
    this.watching = new Loop({ name: 'ingest watch', logger, round: (signal) => this.watch(signal) });
    const resettling = new Resettling({ sink, ownership: this.ownership, shards, logger });
    this.resettling = new Loop({
      name: 'ingest resettling',
      logger,
      round: (signal) => resettling.round(signal),
    });
  }

  async start(): Promise<void> {
    const digest = await loadRecordDigest();
    if (this.isStopped) return;
    const { ownership, reconciler, breaker, ledger } = this;
    const onStored = () => {
      this.storedAtMs = performance.now();
    };
    this.lanes = lanesOf({ ...this.parts, ownership, reconciler, breaker, ledger, onStored }, digest);
    const { logger } = this.parts;
    this.loops = this.lanes.map(
      (lane, index) => new Loop({ name: `ingest lane ${index}`, logger, round: () => lane.round() }),
    );
    for (const loop of this.loops) loop.start();
    this.waker.start();
    this.tending.start();
    this.watching.start();
    this.resettling.start();
  }

  /** Lanes end between rounds: what has been read is stored and acknowledged first. */
  async stop(): Promise<void> {
    this.isStopped = true;
    const loops = [...this.loops, this.waker, this.tending, this.watching, this.resettling];
    await Promise.all(loops.map((loop) => loop.stop()));
    await this.parts.sink.told();
  }

  snapshot(): Record<string, unknown> {
    return {
      shards: this.ownedStreams(),
      inFlight: this.lanes.map((lane) => lane.snapshot()),
      breaker: this.breaker.state,
      sink: this.parts.sink.snapshot(),
      rewinding: Object.fromEntries(this.reconciler.rewinding),
      sinceStoredMs: this.sinceStoredMs(),
    };
  }

  ownedStreams(): string[] {
    return this.ownership.usable().map((lease) => ownedShard(lease).stream);
  }

  sinceStoredMs(): number | undefined {
    return this.storedAtMs === undefined ? undefined : performance.now() - this.storedAtMs;
  }

  /** A database that is back, and behind, is back: its shards are compared again. */
  private async probe(): Promise<void> {
    try {
      await this.ledger.position();
    } catch (error) {
      if (!hasCode(error, 'DATABASE_BEHIND')) throw error;
      this.reconciler.databaseBehind(error);
    }
  }

  /** Looks whether a store went back in time while nothing is written that would find out. */
  private async watch(signal: AbortSignal): Promise<number> {
    const { watchEveryMs = WATCH_EVERY_MS } = this.parts;
    if (this.breaker.state !== 'closed') return watchEveryMs;
    try {
      await this.probe();
      await this.losses.take(signal);
      for (const shard of this.ownership.usable().map(ownedShard)) {
        // Before the question: what is stored meanwhile is ahead of its answer.
        const stored = this.reconciler.storedUpTo(shard);
        const { lastId } = await this.parts.streams.ownedState(shard.stream);
        if (compareEntryIds(lastId, stored) < 0) this.reconciler.reset();
      }
    } catch (error) {
      if (isOutage(error)) this.breaker.failed(error);
      throw error;
    }
    for (const loop of this.loops) loop.wake();
    return watchEveryMs;
  }
}
