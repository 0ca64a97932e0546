import { type Point } from './plane';
import { type Random } from './random';
import { type Scenario } from './scenario';

/** A drive from where the vehicle stands to the last waypoint. */
export interface Leg {
  readonly waypoints: readonly Point[];
  readonly cruiseKmh: number;
  /** Speeds that replace the cruising speed until that many seconds into the leg, in order. */
  readonly speeds: readonly { readonly untilS: number; readonly kmh: number }[];
  readonly endsParked: boolean;
}

/** Town and fast road by turns; which comes first differs from vehicle to vehicle. */
export function nextLeg(scenario: Scenario, random: Random, from: Point, count: number): Leg {
  const isTown = count % 2 === 0;
  return isTown ? townLeg(scenario, random, from) : fastLeg(scenario, random);
}

function townLeg(scenario: Scenario, random: Random, from: Point): Leg {
  const stop = random.pick(scenario.stops);
  const corner = { eastM: stop.eastM + random.normal(120), northM: from.northM + random.normal(120) };
  return {
    waypoints: [corner, stop],
    cruiseKmh: random.between(32, 68),
    speeds: [],
    endsParked: random.chance(0.6),
  };
}

/** A burst that is too short to count, a stretch at the limit's edge, and one that is long enough. */
function fastLeg(scenario: Scenario, random: Random): Leg {
  const { limitKmh, toleranceKmh, minDurationS } = scenario.speedRule;
  const over = limitKmh + toleranceKmh;
  const start = random.between(25, 40);
  const burstEnd = start + minDurationS * 0.6;
  const edgeEnd = burstEnd + random.between(15, 30);
  return {
    waypoints: [
      random.pick(scenario.junctions),
      random.pick(scenario.junctions),
      random.pick(scenario.stops),
    ],
    cruiseKmh: limitKmh - random.between(2, 15),
    speeds: [
      { untilS: start, kmh: limitKmh - 12 },
      { untilS: burstEnd, kmh: over + 8 },
      { untilS: edgeEnd, kmh: limitKmh + toleranceKmh / 2 },
      { untilS: edgeEnd + 12, kmh: limitKmh - 8 },
      { untilS: edgeEnd + 12 + minDurationS * random.between(2.5, 4.5), kmh: over + random.between(8, 40) },
    ],
    endsParked: random.chance(0.5),
  };
}
