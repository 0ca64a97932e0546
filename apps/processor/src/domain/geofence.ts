import { z } from 'zod';
import { anchorOf, anchorSchema, type Fix } from './fix';
import { distanceM, toDegrees } from './geodesy';
import { type RuleKind, unchanged } from './rule';

const settingsSchema = z.object({
  /** Centre in degrees. */
  longitude: z.number(),
  latitude: z.number(),
  radius_m: z.number().positive(),
  /** Leaving takes this much more than the radius, so that jitter at the edge is no coming and going. */
  hysteresis_m: z.number().nonnegative(),
  dwell_s: z.number().nonnegative(),
});
export type GeofenceSettings = z.infer<typeof settingsSchema>;

const stateSchema = z.object({
  /** Null until a first fix has been judged. */
  inside: z.boolean().nullable(),
  /** The first of the fixes that speak for a change of sides, unbroken. */
  candidate: anchorSchema.nullable(),
});
type GeofenceState = z.infer<typeof stateSchema>;

/** Entering and leaving a circle. Where a vehicle is when it is first seen is no event. */
export const geofence: RuleKind<GeofenceState, GeofenceSettings> = {
  kind: 'geofence',
  settings: settingsSchema,
  state: stateSchema,
  initial: { inside: null, candidate: null },
  judge({ inside, candidate }, fix, settings) {
    const zone = zoneOf(fix, settings);
    if (inside === null) return unchanged({ inside: zone === 'in', candidate: null });
    if (zone !== (inside ? 'out' : 'in')) return unchanged({ inside, candidate: null });
    const since = candidate ?? anchorOf(fix);
    if (fix.timeMs - since.timeMs < settings.dwell_s * 1000) return unchanged({ inside, candidate: since });
    return {
      state: { inside: !inside, candidate: null },
      findings: [
        {
          kind: inside ? 'geofence.exited' : 'geofence.entered',
          at: since,
          details: { radius_m: settings.radius_m },
        },
      ],
    };
  },
};

function zoneOf(fix: Fix, settings: GeofenceSettings): 'in' | 'edge' | 'out' {
  const distance = distanceM(
    settings.longitude,
    settings.latitude,
    toDegrees(fix.longitude),
    toDegrees(fix.latitude),
  );
  if (distance <= settings.radius_m) return 'in';
  return distance > settings.radius_m + settings.hysteresis_m ? 'out' : 'edge';
}
