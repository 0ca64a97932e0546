import { type EventKind } from '@app/common/contracts';
import { type LedgerRecord } from './ledger';

/** Rules as they stand in the database; times in ms since 1970, distances in metres. */
export interface JudgedSpeedRule {
  readonly reference: string;
  /** Undefined: every device. */
  readonly imei?: string | undefined;
  readonly limitKmh: number;
  readonly toleranceKmh: number;
  readonly minDurationS: number;
  readonly validFromMs: number;
}

export interface JudgedFence {
  readonly reference: string;
  /** Degrees. */
  readonly longitude: number;
  readonly latitude: number;
  readonly radiusM: number;
  readonly hysteresisM: number;
  readonly dwellS: number;
  readonly validFromMs: number;
}

export interface JudgedRules {
  readonly speedRules: readonly JudgedSpeedRule[];
  readonly fences: readonly JudgedFence[];
}

export type Fix = Pick<
  LedgerRecord,
  'imei' | 'timeMs' | 'digest' | 'longitude' | 'latitude' | 'satellites' | 'speedKmh' | 'isAhead'
>;

export interface ExpectedEvent {
  readonly imei: string;
  readonly kind: EventKind;
  readonly reference: string;
  /** The record at which it happened. */
  readonly at: Fix;
  /** The record that decided it. */
  readonly confirmedBy: Fix;
  readonly details: Readonly<Record<string, number>>;
}

/**
 * The events that must follow from all records of one device, by looking at the whole sorted list at once: stretches
 * of fixes that agree with each other, instead of a state that moves from fix to fix as in the processor.
 */
export function expectedEvents(records: readonly Fix[], rules: JudgedRules): ExpectedEvent[] {
  const fixes = acceptedFixes([...records].sort(byTimeAndDigest));
  return [
    ...rules.speedRules.flatMap((rule) => speedEvents(fixes, rule)),
    ...rules.fences.flatMap((fence) => fenceEvents(fixes, fence)),
  ];
}

function byTimeAndDigest(a: Fix, b: Fix): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  return a.digest < b.digest ? -1 : Number(a.digest > b.digest);
}

const JUMP_M = 1000;
const JUMP_KMH = 400;
const HEALING_FIXES = 3;

/** Leaves out what is no fix, what is ahead of its arrival, and jumps until three fixes in a row agree with each other. */
function acceptedFixes(sorted: readonly Fix[]): Fix[] {
  const accepted: Fix[] = [];
  let agreeing: Fix[] = [];
  for (const fix of sorted.filter(isUsable)) {
    const last = accepted.at(-1);
    const suspect = agreeing.at(-1);
    if (last === undefined || isReachable(last, fix)) agreeing = [];
    else {
      agreeing = suspect !== undefined && isReachable(suspect, fix) ? [...agreeing, fix] : [fix];
      if (agreeing.length < HEALING_FIXES) continue;
      agreeing = [];
    }
    accepted.push(fix);
  }
  return accepted;
}

function isUsable({ satellites, longitude, latitude, isAhead }: Fix): boolean {
  const isOnGlobe = Math.abs(longitude) <= 180e7 && Math.abs(latitude) <= 90e7;
  return satellites > 0 && (longitude !== 0 || latitude !== 0) && isOnGlobe && !isAhead;
}

function isReachable(from: Fix, to: Fix): boolean {
  const wayM = distanceM(from, to);
  if (wayM <= JUMP_M) return true;
  // No time between two places makes the speed infinite.
  const hours = (to.timeMs - from.timeMs) / 3_600_000;
  return wayM / 1000 / hours <= JUMP_KMH;
}

/** An episode starts in a stretch of fixes over limit and tolerance; it ends with the first fix at or below the limit. */
function speedEvents(all: readonly Fix[], rule: JudgedSpeedRule): ExpectedEvent[] {
  const fixes = all.filter(
    ({ imei, timeMs }) => timeMs >= rule.validFromMs && (rule.imei === undefined || rule.imei === imei),
  );
  const isOver = ({ speedKmh }: Fix): boolean => speedKmh > rule.limitKmh + rule.toleranceKmh;
  const events: ExpectedEvent[] = [];
  let nextFree = 0;
  for (const [from, to] of stretches(fixes, isOver)) {
    if (from < nextFree) continue;
    const stretch = fixes.slice(from, to);
    const start = stretch[0];
    const proof = start && stretch.find(({ timeMs }) => timeMs - start.timeMs >= rule.minDurationS * 1000);
    if (start === undefined || proof === undefined) continue;
    events.push(eventOf('overspeed.started', rule.reference, start, proof, { limit_kmh: rule.limitKmh }));
    const endAt = fixes.findIndex(({ speedKmh }, index) => index > from && speedKmh <= rule.limitKmh);
    const end = fixes[endAt];
    if (end === undefined) break;
    const peakKmh = fixes.slice(from, endAt).reduce((peak, { speedKmh }) => Math.max(peak, speedKmh), 0);
    const durationS = Math.round((end.timeMs - start.timeMs) / 1000);
    const details = { limit_kmh: rule.limitKmh, peak_kmh: peakKmh, duration_s: durationS };
    events.push(eventOf('overspeed.ended', rule.reference, end, end, details));
    nextFree = endAt;
  }
  return events;
}

/** Memberships change in stretches on the other side; the ring of the hysteresis belongs to neither side. */
function fenceEvents(all: readonly Fix[], fence: JudgedFence): ExpectedEvent[] {
  const fixes = all.filter(({ timeMs }) => timeMs >= fence.validFromMs);
  const centre = { longitude: fence.longitude * 1e7, latitude: fence.latitude * 1e7 };
  const distances = new Map(fixes.map((fix) => [fix, distanceM(centre, fix)]));
  const isIn = (fix: Fix): boolean => (distances.get(fix) ?? NaN) <= fence.radiusM;
  const isOut = (fix: Fix): boolean => (distances.get(fix) ?? NaN) > fence.radiusM + fence.hysteresisM;
  const first = fixes[0];
  if (first === undefined) return [];

  const sides = [...stretches(fixes, isIn), ...stretches(fixes, isOut)].sort(([a], [b]) => a - b);
  const events: ExpectedEvent[] = [];
  let isInside = isIn(first);
  for (const [from, to] of sides) {
    const stretch = fixes.slice(from, to);
    const start = stretch[0];
    if (start === undefined || isIn(start) === isInside) continue;
    const proof = stretch.find(({ timeMs }) => timeMs - start.timeMs >= fence.dwellS * 1000);
    if (proof === undefined) continue;
    isInside = !isInside;
    const kind = isInside ? 'geofence.entered' : 'geofence.exited';
    events.push(eventOf(kind, fence.reference, start, proof, { radius_m: fence.radiusM }));
  }
  return events;
}

/** Index ranges [from, to) of the longest runs of neighbours that all hold. */
function stretches(fixes: readonly Fix[], holds: (fix: Fix) => boolean): [from: number, to: number][] {
  const found: [number, number][] = [];
  fixes.forEach((fix, index) => {
    if (!holds(fix)) return;
    const last = found.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else found.push([index, index + 1]);
  });
  return found;
}

function eventOf(
  kind: EventKind,
  reference: string,
  at: Fix,
  confirmedBy: Fix,
  details: Record<string, number>,
): ExpectedEvent {
  return { imei: at.imei, kind, reference, at, confirmedBy, details };
}

const EARTH_RADIUS_M = 6_371_008.8;

/** Great-circle distance of two wire positions (degrees x 1e7). */
function distanceM(
  from: { longitude: number; latitude: number },
  to: { longitude: number; latitude: number },
): number {
  const radians = (wire: number): number => ((wire / 1e7) * Math.PI) / 180;
  const [latitude1, latitude2] = [radians(from.latitude), radians(to.latitude)];
  const acrossHalf = Math.sin((latitude2 - latitude1) / 2);
  const alongHalf = Math.sin((radians(to.longitude) - radians(from.longitude)) / 2);
  const chord = acrossHalf * acrossHalf + Math.cos(latitude1) * Math.cos(latitude2) * alongHalf * alongHalf;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(chord)));
}
