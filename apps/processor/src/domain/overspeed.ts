import { z } from 'zod';
import { anchorOf, anchorSchema, type Fix } from './fix';
import { type Judgement, type RuleKind, unchanged } from './rule';

const settingsSchema = z.object({
  limit_kmh: z.number().positive(),
  /** An episode starts above limit + tolerance and ends at the limit, so that noise at the edge makes no two of one. */
  tolerance_kmh: z.number().nonnegative().default(0),
  min_duration_s: z.number().nonnegative().default(0),
});
export type OverspeedSettings = z.infer<typeof settingsSchema>;

const stateSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('idle') }),
  z.object({ phase: z.literal('candidate'), since: anchorSchema, peakKmh: z.number() }),
  z.object({ phase: z.literal('episode'), sinceMs: z.number(), peakKmh: z.number() }),
]);
type OverspeedState = z.infer<typeof stateSchema>;

const IDLE: OverspeedState = { phase: 'idle' };

/**
 * Episodes above a speed limit: `overspeed.started` at the first fix above it, `overspeed.ended` at the first at or below.
 * A fix of unknown speed says neither, and leaves everything as it is.
 */
export const overspeed: RuleKind<OverspeedState, OverspeedSettings> = {
  kind: 'overspeed',
  settings: settingsSchema,
  state: stateSchema,
  initial: IDLE,
  judge: (state, fix, settings) => {
    if (!isMeasured(fix)) return unchanged(state);
    return state.phase === 'episode' ? goOn(state, fix, settings) : watch(state, fix, settings);
  },
};

type MeasuredFix = Fix & { readonly speedKmh: number };

const isMeasured = (fix: Fix): fix is MeasuredFix => fix.speedKmh !== null;

type Episode = Extract<OverspeedState, { phase: 'episode' }>;
type NoEpisode = Exclude<OverspeedState, Episode>;

function watch(state: NoEpisode, fix: MeasuredFix, settings: OverspeedSettings): Judgement<OverspeedState> {
  if (fix.speedKmh <= settings.limit_kmh + settings.tolerance_kmh) return unchanged(IDLE);
  const since = state.phase === 'candidate' ? state.since : anchorOf(fix);
  const peakKmh = Math.max(fix.speedKmh, state.phase === 'candidate' ? state.peakKmh : 0);
  if (fix.timeMs - since.timeMs < settings.min_duration_s * 1000) {
    return unchanged({ phase: 'candidate', since, peakKmh });
  }
  return {
    state: { phase: 'episode', sinceMs: since.timeMs, peakKmh },
    findings: [{ kind: 'overspeed.started', at: since, details: { limit_kmh: settings.limit_kmh } }],
  };
}

function goOn(state: Episode, fix: MeasuredFix, settings: OverspeedSettings): Judgement<OverspeedState> {
  if (fix.speedKmh > settings.limit_kmh) {
    return unchanged({ ...state, peakKmh: Math.max(state.peakKmh, fix.speedKmh) });
  }
  const details = {
    limit_kmh: settings.limit_kmh,
    peak_kmh: state.peakKmh,
    duration_s: Math.round((fix.timeMs - state.sinceMs) / 1000),
  };
  return { state: IDLE, findings: [{ kind: 'overspeed.ended', at: anchorOf(fix), details }] };
}
