import { bearingDeg, distanceM, type Point } from './plane';
import { type Random } from './random';
import { nextLeg, type Leg } from './route';
import { type Scenario } from './scenario';

/** What a tracker would measure at one instant. */
export interface Measurement {
  readonly position: Point;
  readonly speedKmh: number;
  readonly angleDeg: number;
  readonly ignition: boolean;
  readonly movement: boolean;
  readonly odometerM: number;
}

const STEP_S = 1;
const ACCELERATION_MS2 = 2.2;
const BRAKING_MS2 = 3;
const TURN_DEG_PER_S = 35;
const WALKING_MS = 4;
/** From here on a vehicle heads for the next point, so that it cannot circle around one that it cannot hit. */
const REACHED_M = 25;
const CRANKING_S = 6;

type Phase = 'parked' | 'idling' | 'driving';

/** One vehicle in motion: it parks, starts, drives a leg with turns and speed changes, stops, and so on. */
export class Journey {
  private position: Point;
  private headingDeg: number;
  private speedMs = 0;
  private odometerM: number;
  private phase: Phase = 'parked';
  private phaseLeftS: number;
  private leg: Leg | undefined;
  private legs = 0;
  private drivenS = 0;
  private waypoint = 0;
  private nowMs: number;

  constructor(
    private readonly scenario: Scenario,
    private readonly random: Random,
    startMs: number,
  ) {
    this.nowMs = startMs;
    this.position = random.pick(scenario.stops);
    this.headingDeg = random.between(0, 360);
    this.odometerM = random.integer(10_000_000, 250_000_000);
    this.phaseLeftS = random.between(5, 60);
  }

  /** Moves on to an instant; instants never go back. */
  advanceTo(timeMs: number): Measurement {
    while (this.nowMs < timeMs) {
      const seconds = Math.min(STEP_S, (timeMs - this.nowMs) / 1000);
      this.step(seconds);
      this.nowMs = Math.min(timeMs, this.nowMs + seconds * 1000);
    }
    const isMoving = this.speedMs > 0.5;
    return {
      position: this.position,
      speedKmh: isMoving ? Math.round(this.speedMs * 3.6) : 0,
      angleDeg: Math.round(this.headingDeg) % 360,
      ignition: this.phase !== 'parked',
      movement: isMoving,
      odometerM: Math.round(this.odometerM),
    };
  }

  private step(seconds: number): void {
    if (this.phase === 'driving') {
      this.drive(seconds);
      return;
    }
    this.phaseLeftS -= seconds;
    if (this.phaseLeftS > 0) return;
    if (this.phase === 'parked') this.enter('idling', CRANKING_S);
    else this.setOff();
  }

  private setOff(): void {
    this.leg = nextLeg(this.scenario, this.random, this.position, this.legs);
    this.legs += 1;
    this.waypoint = 0;
    this.drivenS = 0;
    this.enter('driving', 0);
  }

  private drive(seconds: number): void {
    const target = this.leg?.waypoints[this.waypoint];
    if (this.leg === undefined || target === undefined) {
      this.arrive();
      return;
    }
    this.drivenS += seconds;
    const leftM = distanceM(this.position, target);
    if (leftM < Math.max(REACHED_M, this.speedMs * 1.2)) {
      this.waypoint += 1;
      return;
    }
    const turnDeg = this.steer(target, seconds);
    this.changeSpeed(this.wantedSpeedMs(this.leg, leftM, turnDeg), seconds);
    this.move(seconds);
  }

  private wantedSpeedMs(leg: Leg, leftM: number, turnDeg: number): number {
    if (turnDeg > 50) return WALKING_MS;
    const cruise = leg.speeds.find(({ untilS }) => this.drivenS < untilS)?.kmh ?? leg.cruiseKmh;
    const isLast = this.waypoint === leg.waypoints.length - 1;
    const endMs = isLast ? 2 : 12;
    return Math.min(cruise / 3.6, Math.sqrt(endMs * endMs + 2 * BRAKING_MS2 * leftM));
  }

  /** Returns how far the heading is off before this step, in degrees. */
  private steer(target: Point, seconds: number): number {
    const offDeg = ((bearingDeg(this.position, target) - this.headingDeg + 540) % 360) - 180;
    const turnDeg = Math.max(-TURN_DEG_PER_S * seconds, Math.min(TURN_DEG_PER_S * seconds, offDeg));
    this.headingDeg = (this.headingDeg + turnDeg + 360) % 360;
    return Math.abs(offDeg);
  }

  private changeSpeed(wantedMs: number, seconds: number): void {
    const change = wantedMs - this.speedMs;
    this.speedMs += Math.max(-BRAKING_MS2 * seconds, Math.min(ACCELERATION_MS2 * seconds, change));
  }

  private move(seconds: number): void {
    const wayM = this.speedMs * seconds;
    const heading = (this.headingDeg * Math.PI) / 180;
    this.position = {
      eastM: this.position.eastM + wayM * Math.sin(heading),
      northM: this.position.northM + wayM * Math.cos(heading),
    };
    this.odometerM += wayM;
  }

  private arrive(): void {
    this.speedMs = 0;
    if (this.leg?.endsParked === true) this.enter('parked', this.random.between(40, 150));
    else this.enter('idling', this.random.between(10, 45));
  }

  private enter(phase: Phase, seconds: number): void {
    this.phase = phase;
    this.phaseLeftS = seconds;
  }
}
