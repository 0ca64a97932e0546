import { maskImei, type Logger } from '@app/common/observability';
import { BoundedMap } from './bounded-map';
import { type EdgeMetrics } from './edge.metrics';

/** So often within the window, then it is no device that changed its network. */
const FLAPS = 4;
const WINDOW_MS = 10 * 60_000;
/** A device that reconnects has been silent on its old connection for at least its own response timeout. */
const ALIVE_MS = 5_000;
const MAX_DEVICES = 10_000;

export interface Claimant {
  readonly address: string;
  readonly heardAt: { readonly tick: number };
}

interface Flapping {
  count: number;
  readonly endsAtTick: number;
}

/**
 * Tells two devices with one IMEI from one device that reconnects: by how often a connection that is alive, or comes
 * from elsewhere, is replaced. Named once a window for a device.
 */
export class IdentityConflicts {
  private readonly flapping = new BoundedMap<string, Flapping>(MAX_DEVICES);

  constructor(
    private readonly metrics: EdgeMetrics,
    private readonly logger: Logger,
  ) {}

  /** Notes that a login replaces an open session. True while the IMEI is in conflict: then both are to be served. */
  note(imei: string, before: Claimant, now: Claimant, tick = performance.now()): boolean {
    let flaps = this.flapping.get(imei);
    if (flaps !== undefined && tick >= flaps.endsAtTick) flaps = undefined;
    const isFlap = before.address !== now.address || tick - before.heardAt.tick < ALIVE_MS;
    if (!isFlap) return flaps !== undefined && flaps.count >= FLAPS;
    if (flaps === undefined) {
      this.flapping.set(imei, { count: 1, endsAtTick: tick + WINDOW_MS });
      return false;
    }
    flaps.count += 1;
    if (flaps.count === FLAPS) {
      this.metrics.identityConflict();
      this.logger.warn({
        event: 'identity_conflict',
        imei: maskImei(imei),
        addresses: [before.address, now.address],
      });
    }
    return flaps.count >= FLAPS;
  }
}
