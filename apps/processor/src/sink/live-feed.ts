import { CONTRACT_VERSION, TELEMETRY_LIVE } from '@app/common/contracts';
import { childTraceparent, type Logger } from '@app/common/observability';
import { type Fields, type StreamAppender } from '@app/common/streams';
import { toDegrees } from '../domain';
import { type SettledDevice } from './device-states';
import { type DeviceEvent } from './events';
import { payloadOf } from './messages';

export interface LiveNews {
  readonly settled: readonly SettledDevice[];
  /** `device_state.version` of the devices whose latest position may have changed. */
  readonly versions: ReadonlyMap<bigint, bigint>;
  readonly events: readonly DeviceEvent[];
}

/** Entries that wait for the store at most: a viewer that missed some reads the tables. */
const MOST_WAITING = 20_000;

/**
 * Tells live viewers what has been committed, in that order, and beside the next batches: none of them waits for viewers.
 * Best effort: a viewer that missed something reads the tables, and takes of two positions the one with the higher
 * version.
 */
export class LiveFeed {
  private waiting: Fields[] = [];
  private telling: Promise<void> | undefined;

  constructor(
    private readonly streams: StreamAppender,
    private readonly keepAbout: number,
    private readonly logger: Logger,
    private readonly onFailure: () => void,
  ) {}

  tell({ settled, versions, events }: LiveNews): void {
    for (const one of settled) this.waiting.push(...positionEntries(one, versions.get(one.device.id)));
    for (const event of events) this.waiting.push(eventEntry(event));
    const surplus = this.waiting.length - MOST_WAITING;
    if (surplus > 0) {
      this.waiting.splice(0, surplus);
      this.onFailure();
    }
    if (this.waiting.length > 0) this.telling ??= this.tellAll();
  }

  /** Resolves when nothing waits any more. */
  async told(): Promise<void> {
    await this.telling;
  }

  private async tellAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const entries = this.waiting;
      this.waiting = [];
      try {
        await this.streams.broadcast(TELEMETRY_LIVE, entries, this.keepAbout);
      } catch (error) {
        this.onFailure();
        this.logger.warn({ event: 'live_feed_failed', entries: entries.length, err: error });
      }
    }
    this.telling = undefined;
  }
}

function positionEntries(
  { device, settlement, traceparent }: SettledDevice,
  version: bigint | undefined,
): Fields[] {
  const fix = settlement.state.fixes.last;
  if (version === undefined || fix === null) return [];
  return [
    {
      v: CONTRACT_VERSION,
      traceparent: childTraceparent(traceparent),
      type: 'position',
      tenant_id: device.tenantId,
      device_id: device.id.toString(),
      imei: device.imei,
      version: version.toString(),
      time_ms: String(fix.timeMs),
      longitude: String(toDegrees(fix.longitude)),
      latitude: String(toDegrees(fix.latitude)),
      altitude_m: String(fix.altitudeM),
      angle_deg: String(fix.angleDeg),
      ...(fix.speedKmh === null ? {} : { speed_kmh: String(fix.speedKmh) }),
      ...(fix.ignition === null ? {} : { ignition: String(fix.ignition) }),
      ...(fix.movement === null ? {} : { movement: String(fix.movement) }),
    },
  ];
}

function eventEntry(event: DeviceEvent): Fields {
  const { device, kind, eventId, occurredAtMs, traceparent } = event;
  return {
    v: CONTRACT_VERSION,
    traceparent: childTraceparent(traceparent),
    type: 'event',
    tenant_id: device.tenantId,
    device_id: device.id.toString(),
    imei: device.imei,
    event_id: eventId,
    kind,
    occurred_at_ms: String(occurredAtMs),
    payload_json: JSON.stringify(payloadOf(event)),
  };
}
