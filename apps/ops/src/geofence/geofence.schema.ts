import { z } from 'zod';
import { DEFAULT_TENANT, momentField, nameField, numberField, tenantField } from '../cli';

/** Half the way round the earth; a circle cannot be wider. */
const MAX_RADIUS_M = 20_000_000;
const DAY_S = 86_400;

/** A circular fence, as an operator gives it: degrees of WGS 84, metres, seconds. */
export const geofenceDraft = z.object({
  name: nameField,
  longitude: numberField({ min: -180, max: 180 }),
  latitude: numberField({ min: -90, max: 90 }),
  radius_m: numberField({ above: 0, max: MAX_RADIUS_M }),
  hysteresis_m: numberField({ min: 0, max: MAX_RADIUS_M }).optional(),
  dwell_s: numberField({ min: 0, max: DAY_S, whole: true }).default(10),
  since: momentField.optional(),
  tenant: tenantField.default(DEFAULT_TENANT),
});
export type GeofenceDraft = z.infer<typeof geofenceDraft>;

export const geofenceKey = z.object({ name: nameField, tenant: tenantField.default(DEFAULT_TENANT) });
export type GeofenceKey = z.infer<typeof geofenceKey>;

const LEAST_HYSTERESIS_M = 20;

/** Fixes wander by some metres; without a rim to cross, a vehicle parked on the line would go in and out all night. */
export function hysteresisOf({ hysteresis_m: given, radius_m: radiusM }: GeofenceDraft): number {
  return given ?? Math.max(LEAST_HYSTERESIS_M, radiusM / 10);
}
