import { CONTRACT_VERSION, type TelemetryEntry } from '@app/common/contracts';
import { type Fields } from '@app/common/streams';
import { type ParkReason } from './edge.errors';
import { type FrameSource } from './frame-sink';

/** The fields of a telemetry entry (contracts, section 2) that all frames of a connection share. */
export function sharedFields({ imei, transport, peer }: FrameSource): Fields {
  return { v: CONTRACT_VERSION, imei, transport, peer };
}

/** The names of the others, in the order of their values. */
export const OWN_FIELDS = ['traceparent', 'received_at', 'frame'] as const;

export interface LetterOrigin {
  /** Digest of the frame, which names it where no stream entry does. */
  readonly digest: bigint;
  readonly failedAtMs: number;
  readonly appVersion: string;
}

/** The fields of a dead letter for a frame that never came into a telemetry stream: the original ones and why. */
export function deadLetterFields(
  entry: TelemetryEntry,
  traceparent: string,
  reason: ParkReason,
  { digest, failedAtMs, appVersion }: LetterOrigin,
): Fields {
  return {
    ...sharedFields(entry),
    traceparent,
    received_at: String(entry.receivedAtMs),
    frame: entry.frame,
    source_stream: 'edge',
    source_id: `${entry.imei}:${digest}`,
    error_code: reason.code,
    error_message: reason.message,
    attempts: String(reason.attempts),
    first_failed_at: String(reason.firstFailedAtMs),
    failed_at: String(failedAtMs),
    app_version: appVersion,
  };
}
