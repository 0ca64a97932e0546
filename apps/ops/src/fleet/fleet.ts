import { setMaxListeners } from 'node:events';
import { loadRecordDigest } from '@app/common/contracts';
import { pause } from './connection';
import { FleetCounters, statsOf, type FleetStats } from './fleet-stats';
import { imeiOf, Itinerary } from './itinerary';
import { Ledger } from './ledger';
import { sendNeighbours } from './neighbours';
import { seededRandom } from './random';
import { type Scenario } from './scenario';
import { Tracker } from './tracker';

export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly vehicles: number;
  /** Of the whole fleet, on average. */
  readonly recordsPerSecond: number;
  readonly forMs: number;
  readonly seed: number;
  readonly scenario: Scenario;
  /** Ends the run at once; what was not acked by then stays so. */
  readonly signal: AbortSignal;
  /** How long after `forMs` the fleet goes on until the last frame is acked. Default one minute. */
  readonly graceMs?: number;
  /** How far before the run event time starts. Default 25 minutes. */
  readonly headStartMs?: number;
}

const GRACE_MS = 60_000;
const HEAD_START_MS = 25 * 60_000;
/** Trackers do not all switch on in the same millisecond. */
const START_SPREAD_MS = 500;

/** A simulated fleet on a real TCP port. Make one for each run; its ledger says what it sent and was promised. */
export class Fleet {
  private readonly counters = new FleetCounters();

  private constructor(
    private readonly options: FleetOptions,
    readonly ledger: Ledger,
  ) {}

  static async create(options: FleetOptions): Promise<Fleet> {
    return new Fleet(options, new Ledger(await loadRecordDigest()));
  }

  /** Live, at any time. */
  stats(): FleetStats {
    return statsOf(this.counters);
  }

  /**
   * Drives all vehicles to the end of their journeys and resolves when every frame is acked, or when the grace time or
   * the signal cut that short (`ledger.unackedFrames()` tells).
   */
  async run(): Promise<FleetStats> {
    const { host, port, forMs, graceMs = GRACE_MS, signal } = this.options;
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), forMs + graceMs);
    const ending = AbortSignal.any([signal, overdue.signal]);
    // One for each connection: the default limit of ten is for finding leaks.
    setMaxListeners(0, ending);
    const startMs = Date.now();
    try {
      const [complaints] = await Promise.all([
        sendNeighbours({ host, port }, forMs, ending),
        ...Array.from({ length: this.options.vehicles }, (_, index) => this.drive(index, startMs, ending)),
      ]);
      this.ledger.wrongAnswers.push(...complaints);
    } finally {
      clearTimeout(timer);
    }
    return this.stats();
  }

  private async drive(index: number, startMs: number, signal: AbortSignal): Promise<void> {
    const { host, port, vehicles, recordsPerSecond, forMs, seed, scenario, headStartMs } = this.options;
    const itinerary = new Itinerary({
      ...{ scenario, seed, index, startMs, forMs, headStartMs: headStartMs ?? HEAD_START_MS },
      recordCount: Math.max(1, Math.round((recordsPerSecond * forMs) / 1000 / vehicles)),
    });
    const pauses = seededRandom(seed, `pauses ${index}`);
    const random = (): number => pauses.next();
    const tracker = new Tracker({
      ...{ address: { host, port }, imei: imeiOf(seed, startMs, index) },
      ...{ ledger: this.ledger, counters: this.counters, signal, random },
    });
    const startedAt = performance.now();
    await pause(random() * Math.min(START_SPREAD_MS, forMs), signal);
    await tracker.run(itinerary.deliveries(), startedAt);
  }
}
