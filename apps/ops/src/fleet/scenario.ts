import { placeOf, type Place, type Point } from './plane';

/** A circle that the journeys cross. Metres and seconds as in telemetry.geofence. */
export interface ScenarioFence {
  readonly name: string;
  readonly centre: Point;
  readonly radiusM: number;
  readonly hysteresisM: number;
  readonly dwellS: number;
}

export interface ScenarioSpeedRule {
  readonly name: string;
  readonly limitKmh: number;
  readonly toleranceKmh: number;
  readonly minDurationS: number;
}

export interface ScenarioUser {
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
}

/** Null: every kind of event. */
export interface ScenarioSubscription {
  readonly userId: string;
  readonly eventKind: string | null;
}

/** The town that the journeys run through, and what an operator would set up for it. */
export interface Scenario {
  readonly centre: Place;
  readonly fences: readonly ScenarioFence[];
  readonly speedRule: ScenarioSpeedRule;
  readonly users: readonly ScenarioUser[];
  readonly subscriptions: readonly ScenarioSubscription[];
  /** Where vehicles stop in town. */
  readonly stops: readonly [Point, ...Point[]];
  /** Where the fast road turns. */
  readonly junctions: readonly [Point, ...Point[]];
}

const at = (eastM: number, northM: number): Point => ({ eastM, northM });

const fences: readonly ScenarioFence[] = [
  { name: 'Demo depot', centre: at(-1800, 900), radiusM: 250, hysteresisM: 30, dwellS: 0 },
  { name: 'Demo old town', centre: at(0, 0), radiusM: 800, hysteresisM: 50, dwellS: 15 },
  { name: 'Demo harbour', centre: at(2600, -1700), radiusM: 600, hysteresisM: 60, dwellS: 30 },
];

/** Vilnius-sized; the last stops lie on the fences' edges, where noise carries a parked vehicle in and out. */
export const DEMO_SCENARIO: Scenario = {
  centre: { longitude: 25.2797, latitude: 54.6872 },
  fences,
  speedRule: { name: 'Demo speed limit', limitKmh: 90, toleranceKmh: 5, minDurationS: 20 },
  users: [
    { userId: 'demo-manager', email: 'manager@demo.example', locale: 'en' },
    { userId: 'demo-dispatcher', email: 'dispatcher@demo.example', locale: 'lt' },
    { userId: 'demo-driver-coach', email: 'coach@demo.example', locale: 'en' },
  ],
  subscriptions: [
    { userId: 'demo-manager', eventKind: null },
    { userId: 'demo-dispatcher', eventKind: 'geofence.entered' },
    { userId: 'demo-dispatcher', eventKind: 'geofence.exited' },
    { userId: 'demo-driver-coach', eventKind: 'overspeed.started' },
    // The manager again, by kind: one person must still be told once.
    { userId: 'demo-manager', eventKind: 'overspeed.ended' },
  ],
  stops: [
    at(-1800, 900),
    at(0, 0),
    at(2600, -1700),
    at(1500, 2100),
    at(-900, -2300),
    at(-3100, -400),
    at(3300, 1200),
    ...fences.map(({ centre, radiusM }) => at(centre.eastM + radiusM, centre.northM)),
  ],
  junctions: [at(4800, 3900), at(-4700, 4100), at(-4900, -3800), at(4600, -4200)],
};

/** GeoJSON points with the circle's measures as properties, as `odo geofence import` reads them. */
export function fencesAsGeoJson({ centre, fences: circles }: Scenario, since: string): string {
  const features = circles.map((fence) => {
    const { longitude, latitude } = placeOf(centre, fence.centre);
    return {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [rounded(longitude), rounded(latitude)] },
      properties: {
        name: fence.name,
        radius_m: fence.radiusM,
        hysteresis_m: fence.hysteresisM,
        dwell_s: fence.dwellS,
        since,
      },
    };
  });
  return `${JSON.stringify({ type: 'FeatureCollection', features }, null, 2)}\n`;
}

export function usersAsCsv({ users }: Scenario): string {
  return lines('user_id,email,locale', users, ({ userId, email, locale }) => [userId, email, locale]);
}

export function subscriptionsAsCsv({ subscriptions }: Scenario): string {
  const cells = ({ userId, eventKind }: ScenarioSubscription): string[] => [userId, eventKind ?? ''];
  return lines('user_id,kind', subscriptions, cells);
}

function lines<T>(header: string, rows: readonly T[], cells: (row: T) => string[]): string {
  return `${[header, ...rows.map((row) => cells(row).join(','))].join('\n')}\n`;
}

const rounded = (degrees: number): number => Number(degrees.toFixed(7));
