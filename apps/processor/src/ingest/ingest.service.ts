import { loadRecordDigest, PROCESSOR_GROUP } from '@app/common/contracts';
import { type LeaseTable, Ownership } from '@app/common/leases';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { type SinkService } from '../sink';
import { FrameDecoder } from './frame-decoder';
import { type IngestSettings } from './ingest.config';
import { type IngestMetrics } from './ingest.metrics';
import { Lane } from './lane';
import { Resettling } from './resettling';
import { ShardWaker } from './shard-waker';
import { ownedShard, shardLeaseNames } from './shards';

export interface IngestParts {
  readonly streams: Streams;
  readonly leases: LeaseTable;
  readonly leaseTimeMs: number;
  readonly shards: number;
  readonly sink: SinkService;
  readonly settings: IngestSettings;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** Consumer name of this process. */
  readonly consumer: string;
}

const TRIM_EVERY_MS = 60_000;

/** Takes the telemetry of the shards that this process owns from their streams into the database. */
export class IngestService implements Service {
  readonly name = 'ingest';
  readonly stage = 'work';
  /** Registered with the lifecycle beside this service: leases come before work and go after it. */
  readonly ownership: Ownership;
  private loops: Loop[] = [];
  private readonly waker: ShardWaker;
  private readonly trimming: Loop;
  private readonly resettling: Loop;
  private storedAtMs: number | undefined;
  private isStopped = false;

  constructor(private readonly parts: IngestParts) {
    const { streams, leases, leaseTimeMs, shards, sink, logger, metrics } = parts;
    this.ownership = new Ownership(leases, {
      app: 'processor',
      resources: shardLeaseNames(shards),
      leaseTimeMs,
      logger,
      onChange: (held) => {
        metrics.shardsOwned.set(held.length);
        sink.forgetStates();
        this.waker.changed();
      },
    });
    const wake = () => this.loops.forEach((loop) => loop.wake());
    this.waker = new ShardWaker({ streams, owned: () => this.ownedStreams(), wake, logger });
    this.trimming = new Loop({ name: 'ingest trimming', logger, round: () => this.trim() });
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
    const { settings, logger } = this.parts;
    this.loops = Array.from({ length: settings.INGEST_LANES }, (_, index) => {
      const lane = this.laneOf(index, new FrameDecoder(digest));
      return new Loop({ name: `ingest lane ${index}`, logger, round: () => lane.round() });
    });
    for (const loop of this.loops) loop.start();
    this.waker.start();
    this.trimming.start();
    this.resettling.start();
  }

  /** Lanes end between rounds: what has been read is stored and acknowledged first. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all([...this.loops, this.waker, this.trimming, this.resettling].map((loop) => loop.stop()));
  }

  snapshot(): Record<string, unknown> {
    return { shards: this.ownedStreams(), sinceStoredMs: this.sinceStoredMs() };
  }

  ownedStreams(): string[] {
    return this.ownership.usable().map((lease) => ownedShard(lease).stream);
  }

  sinceStoredMs(): number | undefined {
    return this.storedAtMs === undefined ? undefined : performance.now() - this.storedAtMs;
  }

  private laneOf(index: number, decoder: FrameDecoder): Lane {
    const { streams, sink, settings, metrics, logger, consumer } = this.parts;
    return new Lane(index, settings.INGEST_LANES, {
      streams,
      ownership: this.ownership,
      sink,
      decoder,
      metrics,
      logger,
      consumer,
      batchEntries: settings.INGEST_BATCH_ENTRIES,
      onStored: () => {
        this.storedAtMs = performance.now();
      },
    });
  }

  private async trim(): Promise<number> {
    const { streams, settings, logger } = this.parts;
    for (const stream of this.ownedStreams()) {
      const { unknownGroups } = await streams.trimOwned({
        stream,
        groups: [PROCESSOR_GROUP],
        keepMs: settings.REWIND_WINDOW,
      });
      if (unknownGroups.length > 0)
        logger.warn({ event: 'stream_has_unknown_groups', stream, unknownGroups });
    }
    return TRIM_EVERY_MS;
  }
}
