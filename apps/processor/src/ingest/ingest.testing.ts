import { Registry } from 'prom-client';
import { shardOf, telemetryDeadLetterStream, telemetryStream } from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { LeaseTable } from '@app/common/leases';
import { type Logger, Metrics } from '@app/common/observability';
import { RedisStreams, type Streams } from '@app/common/streams';
import { type AvlRecord, CODEC_8, encodeAvl } from '@app/teltonika-codec';
import { quiet, sinkOf } from '../sink.testing';
import { type SinkService } from '../sink';
import { type IngestSettings } from './ingest.config';
import { ingestMetrics } from './ingest.metrics';
import { IngestService } from './ingest.service';

/** What the specs of ingest share. Not part of the app. */

export const SHARDS = 4;

export const START_MS = 1_750_000_000_000;

export function frameOf(...records: readonly Partial<AvlRecord>[]): Buffer {
  return encodeAvl({
    codecId: CODEC_8,
    records: records.map((record) => ({
      timestampMs: START_MS,
      priority: 0,
      longitude: 253_000_000,
      latitude: 547_000_000,
      altitudeM: 100,
      angleDeg: 0,
      satellites: 9,
      speedKmh: 50,
      eventIoId: 0,
      io: [{ id: 239, size: 1, value: 1 }],
      ...record,
    })),
  });
}

export function entryFields(imei: string, frame: Buffer) {
  return {
    v: '1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
    imei,
    transport: 'tcp',
    received_at: String(START_MS + 1000),
    peer: '127.0.0.1:50000',
    frame,
  };
}

export const streamOf = (imei: string): string => telemetryStream(shardOf(imei, SHARDS));
export const allStreams = Array.from({ length: SHARDS }, (_, shard) => telemetryStream(shard));
export const allDeadLetterStreams = Array.from({ length: SHARDS }, (_, shard) =>
  telemetryDeadLetterStream(shard),
);

export async function redisStreams(url: string): Promise<RedisStreams> {
  const streams = new RedisStreams({ url, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 });
  await streams.start();
  return streams;
}

/** The same store, with some verbs in the hands of a spec. */
export function withVerbs(streams: Streams, verbs: Partial<Streams>): Streams {
  return new Proxy(streams, {
    get(target, name) {
      const value: unknown = Reflect.get(name in verbs ? verbs : target, name);
      return typeof value === 'function' ? (value.bind(name in verbs ? verbs : target) as unknown) : value;
    },
  });
}

export interface Instance {
  readonly ingest: IngestService;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface InstanceOptions {
  readonly name: string;
  readonly database: Database;
  readonly streams: Streams;
  readonly leases?: LeaseTable;
  readonly settings?: Partial<IngestSettings>;
  readonly sink?: SinkService;
  readonly registry?: Registry;
  readonly logger?: Logger;
  readonly watchEveryMs?: number;
}

export const LEASE_TIME_MS = 1500;

export function instanceOf({
  name,
  database,
  streams,
  leases,
  settings = {},
  sink = sinkOf({ database }),
  registry = new Registry(),
  logger = quiet,
  watchEveryMs,
}: InstanceOptions): Instance {
  const ingest = new IngestService({
    streams,
    sink,
    database,
    leases: leases ?? new LeaseTable(database, name, LEASE_TIME_MS),
    leaseTimeMs: LEASE_TIME_MS,
    shards: SHARDS,
    settings: {
      INGEST_LANES: 2,
      INGEST_BATCH_RECORDS: 200,
      INGEST_BATCH_TIME: 500,
      MAX_ATTEMPTS: 3,
      REWIND_WINDOW: 60_000,
      ...settings,
    },
    // As old as the minute that the specs play in, and a year.
    retentionMs: Date.now() - START_MS + 365 * 86_400_000,
    claimThresholdMs: 1000,
    metrics: ingestMetrics(new Metrics(registry)),
    logger,
    consumer: name,
    ...(watchEveryMs === undefined ? {} : { watchEveryMs }),
  });
  return {
    ingest,
    async start() {
      await ingest.ownership.start();
      await ingest.start();
    },
    async stop() {
      await ingest.stop();
      await ingest.ownership.stop(2000);
    },
  };
}
