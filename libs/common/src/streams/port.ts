import { type Fields } from './entries';
import { type ConnectionRegistry } from './port-connections';
import { type DeploymentFacts } from './port-deployment';
import { type GroupStreams } from './port-groups';
import { type StreamInspector } from './port-inspection';
import { type StreamOperations } from './port-operations';
import { type OwnedStreams } from './port-owned';
import { type Projections } from './port-projections';
import { type OncePublisher } from './port-publishing';
import { type SeriesAppender } from './port-series';
import { type SinkPublisher } from './port-sink';

export * from './port-connections';
export * from './port-deployment';
export * from './port-groups';
export * from './port-inspection';
export * from './port-operations';
export * from './port-owned';
export * from './port-projections';
export * from './port-publishing';
export * from './port-series';
export * from './port-sink';

/**
 * The port of the streams: domain verbs, never raw commands. A Redis and an in-memory adapter pass one conformance
 * suite.
 *
 * Every verb rejects with OdographError: REDIS_UNREACHABLE when the store did not answer (the outcome is then UNKNOWN:
 * repeat the same call, each verb says what a repeat does), STREAM_REFUSED when it answered that it would not (memory
 * full, read-only replica, key of another type), with the store's own words as cause. Nothing is queued over an outage
 * and nothing is resent behind the caller's back.
 */
export interface Streams
  extends
    StreamAppender,
    SeriesAppender,
    OwnedStreams,
    GroupStreams,
    OncePublisher,
    SinkPublisher,
    StreamInspector,
    Projections,
    ConnectionRegistry,
    StreamOperations,
    DeploymentFacts {
  /** Resolves to the round trip in milliseconds. @throws OdographError REDIS_UNREACHABLE after `timeoutMs`. */
  ping(timeoutMs: number): Promise<number>;
  /** Ends every connection and every wait under way; verbs reject with REDIS_UNREACHABLE from now on. */
  close(): Promise<void>;
}

/** Plain writing: the edge's frames, the sink's live feed. */
export interface StreamAppender {
  /**
   * Adds one entry and resolves to its id when it is durable: on disk as the server's fsync says, and on as many
   * replicas as are configured. Calls of one turn of the event loop become one write. A repeat after an unknown outcome
   * adds a second entry.
   */
  append(stream: string, fields: Fields): Promise<string>;
  /** Adds entries to a stream that keeps about the newest `keepAbout`, whoever has read them or not. */
  broadcast(stream: string, entries: readonly Fields[], keepAbout: number): Promise<void>;
}
