import { inDoubt, isBehind, isLate, judging, missedRules, type StoredState } from './doubt';
import { type Fix } from './fix';
import { fold, Fold, type FoundEvent } from './fold';
import { type History, isCheckpoint } from './history';
import { comparePosition, earliest, type Position, startOf } from './position';
import { type FoldBudget, refold, type Refolded } from './refold';
import { type Resettling, WHOLE } from './resettling';
import { type ActiveRule } from './rules';
import { type DeviceState, EMPTY_STATE, encodeState } from './state';

export interface Settlement {
  /** The state after the last record of all; while `resettling`, what fresh records go on from. */
  readonly state: DeviceState;
  readonly isStateChanged: boolean;
  readonly events: readonly FoundEvent[];
  /**
   * Found by going on from a state that is in doubt while `resettling`: stored where nothing of that identity is, and
   * never over what is.
   */
  readonly doubtfulEvents: readonly FoundEvent[];
  /** States to store at their `at`. */
  readonly checkpoints: readonly DeviceState[];
  /**
   * Set when stored fixes were folded again: the events that stand confirmed in (after, upTo] are exactly the found
   * ones; null is the beginning or the end.
   */
  readonly resettled: { readonly after: Position | null; readonly upTo: Position | null } | undefined;
  /** What is left to be folded again by {@link settleOn}. */
  readonly resettling: Resettling | null;
}

/** `none` for a device without state. */
export type PreviousState = StoredState | 'none';

/**
 * Settles new fixes of a device. What comes behind everything seen goes on from the previous state. A late fix, or a
 * rule that should have judged earlier fixes and did not, is settled by folding again from the checkpoint before it,
 * until the states agree again. Either way the outcome is that of the fold over the sorted whole.
 *
 * Where the budget does not last for that, the rest is left as `resettling`, for {@link settleOn}.
 */
export async function settle(
  previous: PreviousState,
  newFixes: readonly Fix[],
  rules: readonly ActiveRule[],
  history: History,
  budget: FoldBudget,
): Promise<Settlement> {
  const fixes = inOrder(newFixes);
  if (previous === 'none') return settleInOrder(EMPTY_STATE, fixes, rules);
  if (previous.resettling !== null) return postpone(previous, fixes, rules);
  const resettling = inDoubt(previous, fixes, rules);
  if (previous.state !== 'unreadable' && resettling === null)
    return settleInOrder(previous.state, fixes, rules);
  if (budget.fixes <= 0) return postpone(previous, fixes, rules);
  const started: StoredState = { state: previous.state, resettling };
  const again = await settleOn(started, rules, history, budget, { wholeBatch: true });
  return goOn(again, started, fixes, rules);
}

/**
 * Folds again what is left to be, as far as the budget goes; the fresh records of the device wait in no case for more.
 *
 * @param wholeBatch Fixes behind the state are folded beyond the budget: they are the ones that came just now.
 */
export async function settleOn(
  previous: StoredState,
  rules: readonly ActiveRule[],
  history: History,
  budget: FoldBudget,
  { wholeBatch = false }: { readonly wholeBatch?: boolean } = {},
): Promise<Settlement> {
  const { state, resettling } = previous;
  const asked = resettling ?? WHOLE;
  const base = await baseOf(asked, rules, history);
  const isRewound = asked.cursor !== null && base !== asked.cursor;
  const left = isRewound ? { ...asked, untilMs: null } : asked;
  const known = state === 'unreadable' ? undefined : state;
  const mayAgree = known !== undefined && missedRules(known, rules).length === 0;
  const refolded = await refold({
    base,
    rules,
    history,
    budget,
    agreesBehindMs: mayAgree ? left.untilMs : null,
    pausesUpTo: wholeBatch ? (known?.at ?? undefined) : undefined,
  });
  return outcomeOf(refolded, base, { state, resettling: left }, rules);
}

function outcomeOf(
  refolded: Refolded,
  base: DeviceState,
  { state, resettling }: { readonly state: StoredState['state']; readonly resettling: Resettling },
  rules: readonly ActiveRule[],
): Settlement {
  const { events, checkpoints } = refolded;
  const found = { events, doubtfulEvents: [], checkpoints };
  const kept = state === 'unreadable' ? EMPTY_STATE : state;
  const stretch = { after: base.at, upTo: refolded.state.at };
  if (refolded.end === 'paused') {
    const left = { ...resettling, cursor: refolded.state };
    return { ...found, state: kept, isStateChanged: false, resettled: stretch, resettling: left };
  }
  if (refolded.end === 'agreed') {
    // Without rules that are gone: they did not see the late fix, and may come back.
    const same = new Fold(kept, rules).state();
    const isStateChanged = encodeState(same) !== encodeState(kept);
    return { ...found, state: same, isStateChanged, resettled: stretch, resettling: null };
  }
  const resettled = { after: base.at, upTo: null };
  return { ...found, state: refolded.state, isStateChanged: true, resettled, resettling: null };
}

/** The new fixes behind the state, where folding again has not come as far as them. */
function goOn(
  again: Settlement,
  { state }: StoredState,
  fixes: readonly Fix[],
  rules: readonly ActiveRule[],
): Settlement {
  if (state === 'unreadable' || again.resettled?.upTo === null) return again;
  const newer = fixes.filter((fix) => isBehind(fix, state.at));
  if (newer.length === 0) return again;
  const isInDoubt = again.resettling !== null;
  const inOrder = settleInOrder(again.state, newer, isInDoubt ? judging(state, rules) : rules);
  return {
    ...inOrder,
    events: isInDoubt ? again.events : [...again.events, ...inOrder.events],
    doubtfulEvents: isInDoubt ? inOrder.events : [],
    checkpoints: [...again.checkpoints, ...inOrder.checkpoints],
    resettled: again.resettled,
    resettling: again.resettling,
  };
}

/** Leaves the late fixes to {@link settleOn} and goes on with the others. */
function postpone(previous: StoredState, fixes: readonly Fix[], rules: readonly ActiveRule[]): Settlement {
  const { state } = previous;
  const resettling = inDoubt(previous, fixes, rules);
  // From nothing no fresh record can be judged: it waits with the others.
  if (state === 'unreadable')
    return { ...settleInOrder(EMPTY_STATE, [], rules), isStateChanged: false, resettling };
  const newer = fixes.filter((fix) => !isLate(fix, previous));
  const { events, ...inOrder } = settleInOrder(state, newer, judging(state, rules));
  return { ...inOrder, events: [], doubtfulEvents: events, resettling };
}

/** Where to fold again from: the last state that nothing new touches. */
async function baseOf(
  { fromMs, cursor }: Resettling,
  rules: readonly ActiveRule[],
  history: History,
): Promise<DeviceState> {
  let from: Position | undefined = fromMs === null ? undefined : startOf(fromMs);
  let base = cursor ?? (await checkpointBefore(from, history));
  for (;;) {
    from = earliest(missedRules(base, rules).map(({ validFromMs }) => startOf(validFromMs)));
    if (from === undefined) return base;
    base = await checkpointBefore(from, history);
  }
}

/** Most batches are in order, as devices send them. */
function inOrder(fixes: readonly Fix[]): readonly Fix[] {
  const isSorted = fixes.every((fix, index) => {
    const before = fixes[index - 1];
    return before === undefined || comparePosition(before, fix) <= 0;
  });
  return isSorted ? fixes : [...fixes].sort(comparePosition);
}

async function checkpointBefore(place: Position | undefined, history: History): Promise<DeviceState> {
  return (place === undefined ? undefined : await history.checkpointBefore(place)) ?? EMPTY_STATE;
}

function settleInOrder(
  previous: DeviceState,
  fixes: readonly Fix[],
  rules: readonly ActiveRule[],
): Settlement {
  const checkpoints: DeviceState[] = [];
  const events: FoundEvent[] = [];
  let state = previous;
  for (let start = 0; start < fixes.length;) {
    const next = fixes.findIndex((fix, index) => index >= start && isCheckpoint(fix));
    const end = next === -1 ? fixes.length : next + 1;
    const folded = fold(state, fixes.slice(start, end), rules);
    state = folded.state;
    events.push(...folded.events);
    if (next !== -1) checkpoints.push(state);
    start = end;
  }
  const isStateChanged = fixes.length > 0;
  return {
    state,
    isStateChanged,
    events,
    doubtfulEvents: [],
    checkpoints,
    resettled: undefined,
    resettling: null,
  };
}
