import { type EventKind } from '@app/common/contracts';
import { type z } from 'zod';
import { type Anchor, type Fix } from './fix';

/** What a rule found at a fix. */
export interface Finding {
  readonly kind: EventKind;
  /** The fix that the event dates from; it may lie before the one that decided. */
  readonly at: Anchor;
  readonly details: Readonly<Record<string, number>>;
}

export interface Judgement<State> {
  readonly state: State;
  readonly findings: readonly Finding[];
}

/**
 * The one shape of a rule: a pure function of its state, one accepted fix and its settings. Fixes come in
 * (time, digest) order. The state is small JSON, since it is stored with every checkpoint; a change of its shape
 * raises STATE_VERSION.
 */
export interface RuleKind<State, Settings> {
  readonly kind: string;
  readonly settings: z.ZodType<Settings>;
  readonly state: z.ZodType<State>;
  readonly initial: State;
  judge(state: State, fix: Fix, settings: Settings): Judgement<State>;
}

/** One rule of a device under way through its fixes. */
export interface RuleRun {
  next(fix: Fix): readonly Finding[];
  /** JSON of the state after the last fix. */
  state(): unknown;
}

/** A rule kind with settings, as the fold takes it. */
export interface BoundRule {
  /** Goes on from a stored state, or from the beginning. @throws ZodError for a state of another shape. */
  open(stored?: unknown): RuleRun;
}

/** @throws ZodError when the settings do not fit the kind. */
export function bind<State, Settings>(kind: RuleKind<State, Settings>, settings: unknown): BoundRule {
  const checked = kind.settings.parse(settings);
  return {
    open(stored) {
      let state = stored === undefined ? kind.initial : kind.state.parse(stored);
      return {
        next(fix) {
          const judgement = kind.judge(state, fix, checked);
          state = judgement.state;
          return judgement.findings;
        },
        state: () => state,
      };
    },
  };
}

const NO_FINDINGS: readonly Finding[] = [];

export const unchanged = <State>(state: State): Judgement<State> => ({ state, findings: NO_FINDINGS });
