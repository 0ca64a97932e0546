import { isStorableTime, MAX_AHEAD_MS } from '@app/common/contracts';
import { type Fix } from '../domain';

/** Bits of `telemetry.position.flags`. */
export const PositionFlag = {
  timeOutOfRange: 1,
  aheadOfArrival: 2,
  ioTotalMismatch: 4,
  coordinatesOutOfRange: 8,
  unknownPriority: 16,
} as const;

/** A position with one of these is kept, and moves neither the latest position nor a rule. */
export const UNTIMED_FLAGS = PositionFlag.timeOutOfRange | PositionFlag.aheadOfArrival;

/** One AVL record as it becomes a row of `telemetry.position`; null where the record does not say. */
export interface TelemetryRecord extends Fix {
  /** Infinity where the device's clock is beyond the year 9999; then `rawTimeMs` holds it. */
  readonly timeMs: number;
  readonly rawTimeMs: bigint | null;
  readonly satellites: number;
  readonly fixValid: boolean;
  readonly priority: number;
  readonly eventIoId: number;
  readonly odometerM: number | null;
  readonly externalVoltageMv: number | null;
  readonly codec: number;
  readonly flags: number;
  /** The IO block as received, as `readIoBlock` takes it; of codec 7 all of the record behind its time. */
  readonly io: Buffer;
}

/** The flags that a device's time earns; a time that cannot be stored cannot be compared either. */
export function timeFlags(timeMs: number, receivedAtMs: number): number {
  if (!isStorableTime(timeMs)) return PositionFlag.timeOutOfRange;
  return timeMs > receivedAtMs + MAX_AHEAD_MS ? PositionFlag.aheadOfArrival : 0;
}

/** A time as PostgreSQL reads it, exactly; both infinities included. */
export function timestampOf(timeMs: number): string {
  if (timeMs === Number.POSITIVE_INFINITY) return 'infinity';
  if (timeMs === Number.NEGATIVE_INFINITY) return '-infinity';
  return new Date(timeMs).toISOString();
}
