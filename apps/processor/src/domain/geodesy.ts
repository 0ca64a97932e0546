/** Mean radius of the Earth (IUGG R1), metres. */
const EARTH_RADIUS_M = 6_371_008.8;
const UNITS_PER_DEGREE = 1e7;
const RADIANS_PER_DEGREE = Math.PI / 180;

export interface WirePoint {
  /** Degrees x 1e7. */
  readonly longitude: number;
  /** Degrees x 1e7. */
  readonly latitude: number;
}

/** By division, which is exact to the last decimal; times 1e-7 would print 25.279700000000002. */
export const toDegrees = (wireUnits: number): number => wireUnits / UNITS_PER_DEGREE;

/** Great-circle distance in metres by the haversine formula; all arguments in degrees. */
export function distanceM(
  fromLongitude: number,
  fromLatitude: number,
  toLongitude: number,
  toLatitude: number,
): number {
  const fromPhi = fromLatitude * RADIANS_PER_DEGREE;
  const toPhi = toLatitude * RADIANS_PER_DEGREE;
  const sinHalfPhi = Math.sin((toPhi - fromPhi) / 2);
  const sinHalfLambda = Math.sin(((toLongitude - fromLongitude) * RADIANS_PER_DEGREE) / 2);
  const h = sinHalfPhi ** 2 + Math.cos(fromPhi) * Math.cos(toPhi) * sinHalfLambda ** 2;
  // Rounding can lift h over 1 for antipodes, where asin would give NaN.
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h)));
}

export function distanceBetweenM(from: WirePoint, to: WirePoint): number {
  return distanceM(
    toDegrees(from.longitude),
    toDegrees(from.latitude),
    toDegrees(to.longitude),
    toDegrees(to.latitude),
  );
}
