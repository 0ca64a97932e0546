import { type NotificationType } from '../contracts';
import { ALERT, CONNECTION, type TemplateKind, VEHICLE } from './kinds';

/** The template of one notification type. */
export interface TemplateDefinition {
  readonly type: NotificationType;
  readonly kind: TemplateKind;
  /** A payload with everything that the type may say: what a preview shows, and what the check at start tries. */
  readonly sample: Readonly<Record<string, unknown>>;
}

const VEHICLE_SAMPLE = {
  event_id: '7d1f5e0c-3f43-5a0e-9d5e-2b6f0c1d9a44',
  imei: '356307042441013',
  device_name: 'Van 7',
  longitude: 25.27972,
  latitude: 54.68716,
  speed_kmh: 104,
};
const SPEED_SAMPLE = { ...VEHICLE_SAMPLE, reference: 'rule:3', reference_name: 'Motorway' };
const FENCE_SAMPLE = {
  ...VEHICLE_SAMPLE,
  ...{ speed_kmh: 31, reference: 'geofence:12', reference_name: 'Depot', details: { radius_m: 200 } },
};
const CONNECTION_SAMPLE = {
  event_id: VEHICLE_SAMPLE.event_id,
  imei: VEHICLE_SAMPLE.imei,
  device_name: VEHICLE_SAMPLE.device_name,
  last_seen_at_ms: 1_790_000_000_000,
  longitude: VEHICLE_SAMPLE.longitude,
  latitude: VEHICLE_SAMPLE.latitude,
};

export const DEFINITIONS: readonly TemplateDefinition[] = [
  {
    type: 'vehicle.overspeed.started',
    kind: VEHICLE,
    sample: { ...SPEED_SAMPLE, details: { limit_kmh: 90 } },
  },
  {
    type: 'vehicle.overspeed.ended',
    kind: VEHICLE,
    sample: { ...SPEED_SAMPLE, speed_kmh: 88, details: { limit_kmh: 90, peak_kmh: 117, duration_s: 252 } },
  },
  { type: 'vehicle.geofence.entered', kind: VEHICLE, sample: FENCE_SAMPLE },
  { type: 'vehicle.geofence.exited', kind: VEHICLE, sample: FENCE_SAMPLE },
  {
    type: 'vehicle.sos',
    kind: VEHICLE,
    sample: { ...VEHICLE_SAMPLE, reference: 'io:2', reference_name: 'SOS button', details: {} },
  },
  { type: 'vehicle.offline', kind: CONNECTION, sample: CONNECTION_SAMPLE },
  { type: 'vehicle.online', kind: CONNECTION, sample: CONNECTION_SAMPLE },
  {
    type: 'system.alert',
    kind: ALERT,
    sample: {
      title: 'Two certificates expire this week',
      text: 'Those of the edges in Vilnius and Kaunas.\nNobody has renewed them yet.',
      runbook_url: 'https://runbooks.example.org/certificates',
    },
  },
];
