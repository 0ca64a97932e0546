import { z } from 'zod';
import { fixSchema, type Fix } from './fix';
import { distanceBetweenM, type WirePoint } from './geodesy';

/** A shorter hop is never a jump, whatever its speed: two receivers' noise makes any speed out of a few metres. */
const JUMP_DISTANCE_M = 1000;
/** Faster than any road vehicle, slower than a cold-start position from the other end of a country. */
const JUMP_SPEED_KMH = 400;
/** So many fixes that agree with each other heal a real relocation (a ferry, a tow, a tracker moved to another car). */
const AGREEING_FIXES = 3;

export const fixFilterSchema = z.object({
  /** The last accepted fix: also what the device's latest position is. */
  last: fixSchema.nullable(),
  /** The newest of the jumped fixes that agree each with the one before it, and how many they are. */
  suspect: z
    .object({ timeMs: z.number(), longitude: z.number(), latitude: z.number(), agreeing: z.number() })
    .nullable(),
});
export type FixFilterState = z.infer<typeof fixFilterSchema>;

export const NO_FIX: FixFilterState = { last: null, suspect: null };

/** Decides about one fix, given in (time, digest) order: `accepted` says whether rules may judge it. */
export function filterFix(state: FixFilterState, fix: Fix): { state: FixFilterState; accepted: boolean } {
  if (state.last === null || isPlausible(state.last, fix)) return accept(fix);
  const { suspect } = state;
  const agreeing = suspect !== null && isPlausible(suspect, fix) ? suspect.agreeing + 1 : 1;
  if (agreeing >= AGREEING_FIXES) return accept(fix);
  const { timeMs, longitude, latitude } = fix;
  return { state: { last: state.last, suspect: { timeMs, longitude, latitude, agreeing } }, accepted: false };
}

function accept(fix: Fix): { state: FixFilterState; accepted: boolean } {
  return { state: { last: fix, suspect: null }, accepted: true };
}

interface TimedPoint extends WirePoint {
  readonly timeMs: number;
}

/** No time between two places counts as infinitely fast. */
function isPlausible(from: TimedPoint, to: TimedPoint): boolean {
  const distance = distanceBetweenM(from, to);
  if (distance <= JUMP_DISTANCE_M) return true;
  const elapsedMs = to.timeMs - from.timeMs;
  return elapsedMs > 0 && (distance * 3600) / elapsedMs <= JUMP_SPEED_KMH;
}
