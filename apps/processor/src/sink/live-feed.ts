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

/**
 * Tells live viewers what has been committed. Best effort: a viewer that missed something reads the tables, and takes
 * of two positions the one with the higher version.
 */
export class LiveFeed {
  constructor(
    private readonly streams: StreamAppender,
    private readonly keepAbout: number,
    private readonly logger: Logger,
    private readonly onFailure: () => void,
  ) {}

  async tell({ settled, versions, events }: LiveNews): Promise<void> {
    const entries = [
      ...settled.flatMap((one) => positionEntries(one, versions.get(one.device.id))),
      ...events.map(eventEntry),
    ];
    if (entries.length === 0) return;
    try {
      await this.streams.broadcast(TELEMETRY_LIVE, entries, this.keepAbout);
    } catch (error) {
      this.onFailure();
      this.logger.warn({ event: 'live_feed_failed', entries: entries.length, err: error });
    }
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
      speed_kmh: String(fix.speedKmh),
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
