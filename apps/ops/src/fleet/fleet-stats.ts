import { Latencies } from './latencies';

/** What the fleet did so far, from its own side. */
export class FleetCounters {
  sentRecords = 0;
  sentFrames = 0;
  ackedRecords = 0;
  resentFrames = 0;
  sessions = 0;
  refusedLogins = 0;
  readonly ackLatencies = new Latencies();
}

export interface FleetStats {
  readonly sentRecords: number;
  readonly sentFrames: number;
  readonly ackedRecords: number;
  /** Frames sent a second time, whatever the reason. */
  readonly resentFrames: number;
  readonly sessions: number;
  readonly refusedLogins: number;
  /** Milliseconds from a frame's first byte to its ack; null before the first. */
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
}

export function statsOf(counters: FleetCounters): FleetStats {
  const { sentRecords, sentFrames, ackedRecords, resentFrames, sessions, refusedLogins, ackLatencies } =
    counters;
  return {
    ...{ sentRecords, sentFrames, ackedRecords, resentFrames, sessions, refusedLogins },
    ackP50Ms: ackLatencies.quantile(0.5) ?? null,
    ackP99Ms: ackLatencies.quantile(0.99) ?? null,
  };
}
