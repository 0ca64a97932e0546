import { Fold, type FoundEvent } from './fold';
import { type History, isCheckpoint } from './history';
import { comparePosition, type Position } from './position';
import { type ActiveRule } from './rules';
import { type DeviceState, encodeState } from './state';

/** How many stored fixes may be folded again; counted down by those that were. Shared by what is settled together. */
export interface FoldBudget {
  fixes: number;
}

export interface Refolding {
  readonly base: DeviceState;
  readonly rules: readonly ActiveRule[];
  readonly history: History;
  readonly budget: FoldBudget;
  /** Behind this event time a stored checkpoint that agrees ends it; null: none does. */
  readonly agreesBehindMs: number | null;
  /** Fixes behind this place are folded whatever the budget says. */
  readonly pausesUpTo: Position | undefined;
}

export interface Refolded {
  /** `agreed` with a stored checkpoint, out of budget, or at the last fix. */
  readonly end: 'agreed' | 'paused' | 'last';
  readonly state: DeviceState;
  readonly events: readonly FoundEvent[];
  readonly checkpoints: readonly DeviceState[];
}

/** Folds stored fixes again behind the base; at least one, so that every slice comes further. */
export async function refold(refolding: Refolding): Promise<Refolded> {
  const { base, rules, history, budget, agreesBehindMs, pausesUpTo } = refolding;
  const folding = new Fold(base, rules);
  const events: FoundEvent[] = [];
  const checkpoints: DeviceState[] = [];
  const ended = (end: Refolded['end']): Refolded => ({ end, state: folding.state(), events, checkpoints });
  let taken = 0;
  for await (const { fix, checkpoint } of history.fixesAfter(base.at)) {
    const mayPause = taken > 0 && (pausesUpTo === undefined || comparePosition(fix, pausesUpTo) <= 0);
    if (mayPause && budget.fixes <= 0) return ended('paused');
    events.push(...folding.take(fix));
    taken += 1;
    budget.fixes -= 1;
    if (checkpoint === undefined && !isCheckpoint(fix)) continue;
    const state = folding.state();
    if (checkpoint === undefined || !agree(checkpoint, state, rules)) checkpoints.push(state);
    else if (agreesBehindMs !== null && fix.timeMs > agreesBehindMs) return ended('agreed');
  }
  return ended('last');
}

/** Opened under the same rules, since a checkpoint may name rules that are gone and miss some that are new. */
function agree(stored: DeviceState, state: DeviceState, rules: readonly ActiveRule[]): boolean {
  return encodeState(new Fold(stored, rules).state()) === encodeState(state);
}
