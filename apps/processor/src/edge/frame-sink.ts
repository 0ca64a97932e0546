import { type TelemetryEntry } from '@app/common/contracts';
import { type ParkReason } from './edge.errors';

/** Injection token of the {@link FrameSink}. */
export const FRAME_SINK = Symbol('frame sink');

/** What all frames of one connection have in common. */
export type FrameSource = Pick<TelemetryEntry, 'imei' | 'transport' | 'peer'>;

/** Told once, later, what became of a frame; it must not throw. */
export interface FrameWaiter {
  /** It is durable. */
  kept(): void;
  /**
   * OdographError; whether the store has it is not known. A repeat leaves it there twice, which ingest's key bears.
   * With the frame, which nobody else need have kept.
   */
  notKept(error: unknown, frame: Buffer): void;
}

/** The way of one connection's frames into the stream of its device's shard: one frame after the other. */
export interface FrameLane {
  /** Reads the frame before it returns. Never throws. */
  append(frame: Buffer, receivedAtMs: number, waiter: FrameWaiter): void;
}

/**
 * Where the edge leaves frames: a plain port instead of Nest's message handlers, whose packets, patterns and
 * observables would cost more than the frame.
 */
export interface FrameSink {
  lane(source: FrameSource): FrameLane;
  /**
   * Leaves a frame in the dead-letter stream of its device's shard, once a day however often it is called. Rejects with
   * OdographError, with an unknown outcome where the store did not answer.
   */
  park(entry: TelemetryEntry, reason: ParkReason): Promise<void>;
}

/** The same as a promise, for frames that are not on the fast way. Rejects with what `notKept` gets. */
export function keepFrame(lane: FrameLane, frame: Buffer, receivedAtMs: number): Promise<void> {
  return new Promise((kept, notKept) => lane.append(frame, receivedAtMs, { kept, notKept }));
}
