/** A flat piece of the globe around a centre: metres east and north of it. Good to a metre within some ten kilometres. */
export interface Point {
  readonly eastM: number;
  readonly northM: number;
}

/** Degrees, WGS 84. */
export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

const METRES_PER_DEGREE = 111_195;

export function placeOf(centre: Place, point: Point): Place {
  const metresPerLongitude = METRES_PER_DEGREE * Math.cos((centre.latitude * Math.PI) / 180);
  return {
    longitude: centre.longitude + point.eastM / metresPerLongitude,
    latitude: centre.latitude + point.northM / METRES_PER_DEGREE,
  };
}

export function distanceM(from: Point, to: Point): number {
  return Math.hypot(to.eastM - from.eastM, to.northM - from.northM);
}

/** Degrees clockwise from north, 0 to below 360. */
export function bearingDeg(from: Point, to: Point): number {
  const degrees = (Math.atan2(to.eastM - from.eastM, to.northM - from.northM) * 180) / Math.PI;
  return (degrees + 360) % 360;
}
