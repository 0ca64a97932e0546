import { type RecordDigest } from '@app/common/contracts';
import { type Ownership } from '@app/common/leases';
import { type Logger } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { type SinkService } from '../sink';
import { BatchSize } from './batch-size';
import { type Breaker } from './breaker';
import { Decoding } from './decoding';
import { Finisher } from './finisher';
import { FrameDecoder } from './frame-decoder';
import { type IngestSettings } from './ingest.config';
import { type IngestMetrics } from './ingest.metrics';
import { Lane } from './lane';
import { type Reconciler } from './reconciler';
import { ShardReader } from './shard-reader';
import { type StoreLedger } from './store-ledger';
import { Storing } from './storing';

export interface LanesParts {
  readonly streams: Streams;
  readonly ownership: Ownership;
  readonly sink: SinkService;
  readonly ledger: StoreLedger;
  readonly reconciler: Reconciler;
  readonly breaker: Breaker;
  readonly settings: IngestSettings;
  readonly retentionMs: number;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly consumer: string;
  readonly onStored: () => void;
}

/** The lanes of a process: what each has of its own, and what they share. */
export function lanesOf(parts: LanesParts, digest: RecordDigest): Lane[] {
  return Array.from({ length: parts.settings.INGEST_LANES }, (_, index) => laneOf(parts, digest, index));
}

function laneOf(parts: LanesParts, digest: RecordDigest, index: number): Lane {
  const { streams, ownership, sink, ledger, reconciler, breaker, settings, metrics, logger } = parts;
  const { INGEST_LANES, INGEST_BATCH_RECORDS, INGEST_BATCH_TIME, MAX_ATTEMPTS: maxAttempts } = settings;
  const size = new BatchSize(INGEST_BATCH_RECORDS, INGEST_BATCH_TIME);
  const onStored = () => {
    metrics.batchRecords.set({ lane: String(index) }, size.records);
    parts.onStored();
  };
  return new Lane({
    ...{ index, lanes: INGEST_LANES, ownership, breaker, reconciler, size },
    reader: new ShardReader({
      ...{ streams, metrics, logger, consumer: parts.consumer },
      onStale: (shard, seenEpoch) => reconciler.contest(shard, seenEpoch),
      onLost: ({ stream }, ids) =>
        ledger.recordLoss({
          ...{ stream, source: 'pending', reportedBy: parts.consumer },
          afterId: ids[0] ?? '',
          lastId: ids.at(-1) ?? '',
        }),
      isRewinding: (shard, id) => reconciler.isRewinding(shard, id),
    }),
    decoding: new Decoding({
      ...{ streams, decoder: new FrameDecoder(digest), retentionMs: parts.retentionMs, maxAttempts },
      now: Date.now,
    }),
    storing: new Storing({ sink, ownership, ledger, reconciler, size, maxAttempts, onStored }),
    finisher: new Finisher({ streams, reconciler, metrics, logger }),
  });
}
