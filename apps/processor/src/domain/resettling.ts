import { z } from 'zod';
import { canonical, type DeviceState, stateSchema } from './state';

/**
 * What of a device's history is still to be folded again, and how far that has come. It lies beside the state, and is
 * worked off in slices; the device's fresh records go on from the state as it is meanwhile.
 */
export interface Resettling {
  /** Nothing before this event time is in doubt; null: everything is. */
  readonly fromMs: number | null;
  /** Behind it the states may agree again; null: they need not, and all is folded again to the end. */
  readonly untilMs: number | null;
  /** The state after the last fix that was folded again; null while that has not begun. */
  readonly cursor: DeviceState | null;
}

/** Everything, from the first record on. */
export const WHOLE: Resettling = { fromMs: null, untilMs: null, cursor: null };

const resettlingSchema = z.object({
  fromMs: z.number().nullable(),
  untilMs: z.number().nullable(),
  // One of another state version cannot be gone on from; it begins again.
  cursor: stateSchema.nullable().catch(null),
});

/** What cannot be read asks for everything, which is always right. */
export function decodeResettling(text: string): Resettling {
  const parsed = resettlingSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : WHOLE;
}

export function encodeResettling(resettling: Resettling | null): string | null {
  return resettling === null ? null : canonical(resettling);
}

/** `resettling` with the stretch of a late record, or of a rule that should have judged it. */
export function widen(
  resettling: Resettling | null,
  fromMs: number | null,
  untilMs: number | null,
): Resettling {
  if (resettling === null) return { fromMs, untilMs, cursor: null };
  const until = latest(resettling.untilMs, untilMs);
  const { cursor } = resettling;
  const doneMs = cursor?.at?.timeMs;
  if (doneMs === undefined)
    return { fromMs: earliest(resettling.fromMs, fromMs), untilMs: until, cursor: null };
  if (fromMs !== null && fromMs > doneMs) return { ...resettling, untilMs: until };
  // What was folded again already is right up to there, but agrees no more with the state that the device goes on with.
  return { fromMs, untilMs: latest(until, doneMs), cursor: null };
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.min(a, b);
const latest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b);
