import { type TelemetryEntry } from '@app/common/contracts';
import { type ParkReason } from './edge.errors';

/** Injection token of the {@link FrameSink}. */
export const FRAME_SINK = Symbol('frame sink');

/**
 * Where the edge leaves frames: a plain port instead of Nest's message handlers, whose packets, patterns and
 * observables would cost more than the frame. Both verbs resolve when the frame is durable and reject with
 * OdographError otherwise, with an unknown outcome where the store did not answer.
 */
export interface FrameSink {
  /** A repeat leaves the frame there twice, which ingest's key bears. */
  append(shard: number, entry: TelemetryEntry): Promise<void>;
  /** Leaves a frame in the dead-letter stream of its device's shard, once a day however often it is called. */
  park(entry: TelemetryEntry, reason: ParkReason): Promise<void>;
}
