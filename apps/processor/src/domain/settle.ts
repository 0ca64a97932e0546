import { type Fix } from './fix';
import { fold, Fold, type FoundEvent } from './fold';
import { comparePosition, earliest, type Position, startOf } from './position';
import { type ActiveRule, ruleKey } from './rules';
import { type DeviceState, EMPTY_STATE, encodeState } from './state';

/**
 * One record in 128 is a checkpoint: settling a late record costs some 128 reads to come from the last checkpoint and
 * some 128 more to the next one, against a state of half a kilobyte kept for every 128 positions of a hundred bytes.
 */
const CHECKPOINT_BITS = 7;

/**
 * A record is a checkpoint for what it is, not for how many came before it: so the checkpoints of a device are the same
 * in whatever order its records arrived, and a late record moves none of them.
 */
export const isCheckpoint = ({ digest }: Position): boolean => BigInt.asUintN(CHECKPOINT_BITS, digest) === 0n;

export interface StoredFix {
  readonly fix: Fix;
  /** The state just after it, where one was stored that can be read. */
  readonly checkpoint: DeviceState | undefined;
}

/** What is stored of one device, the fixes being settled included. */
export interface History {
  /** The newest readable checkpoint before that place. */
  checkpointBefore(place: Position): Promise<DeviceState | undefined>;
  /** All fixes behind that place, in (time, digest) order; from the first one for null. */
  fixesAfter(place: Position | null): AsyncIterable<StoredFix>;
}

export interface Settlement {
  /** The state after the last record of all. */
  readonly state: DeviceState;
  readonly isStateChanged: boolean;
  readonly events: readonly FoundEvent[];
  /** States to store at their `at`. */
  readonly checkpoints: readonly DeviceState[];
  /**
   * Set when stored fixes were folded again: the events that stand confirmed in (after, upTo] are exactly the found
   * ones; null is the beginning or the end.
   */
  readonly resettled: { readonly after: Position | null; readonly upTo: Position | null } | undefined;
}

/** `none` for a device without state; `unreadable` for one whose state was written by another version. */
export type PreviousState = DeviceState | 'none' | 'unreadable';

/**
 * Settles new fixes of a device. What comes behind everything seen goes on from the previous state. A late fix, or a
 * rule that should have judged earlier fixes and did not, is settled by folding again from the checkpoint before it,
 * until the states agree again. Either way the outcome is that of the fold over the sorted whole.
 */
export async function settle(
  previous: PreviousState,
  newFixes: readonly Fix[],
  rules: readonly ActiveRule[],
  history: History,
): Promise<Settlement> {
  const fixes = inOrder(newFixes);
  if (previous === 'none') return settleInOrder(EMPTY_STATE, fixes, rules);
  if (previous === 'unreadable')
    return resettle(EMPTY_STATE, { from: FIRST, until: undefined }, rules, history);
  const lateness = latenessOf(previous, fixes, rules);
  if (lateness === undefined) return settleInOrder(previous, fixes, rules);
  const again = await resettle(previous, lateness, rules, history);
  if (again.resettled?.upTo === null) return again;
  const newer = fixes.filter((fix) => isBehind(fix, previous.at));
  return newer.length === 0 ? again : join(again, settleInOrder(previous, newer, rules));
}

/** Most batches are in order, as devices send them. */
function inOrder(fixes: readonly Fix[]): readonly Fix[] {
  const isSorted = fixes.every((fix, index) => {
    const before = fixes[index - 1];
    return before === undefined || comparePosition(before, fix) <= 0;
  });
  return isSorted ? fixes : [...fixes].sort(comparePosition);
}

interface Lateness {
  readonly from: Position;
  /** Behind it the states may agree again; undefined where they cannot. */
  readonly until: Position | undefined;
}

const FIRST: Position = startOf(Number.NEGATIVE_INFINITY);

function latenessOf(
  previous: DeviceState,
  fixes: readonly Fix[],
  rules: readonly ActiveRule[],
): Lateness | undefined {
  const { at } = previous;
  if (at === null) return undefined;
  const lateFixes = fixes.filter((fix) => !isBehind(fix, at));
  const missedRules = rules.filter(
    (rule) => !Object.hasOwn(previous.rules, ruleKey(rule)) && rule.validFromMs <= at.timeMs,
  );
  const from = earliest([...lateFixes, ...missedRules.map(({ validFromMs }) => startOf(validFromMs))]);
  if (from === undefined) return undefined;
  // A checkpoint that never knew the rule agrees with a rule that has not found anything yet: that says nothing.
  return { from, until: missedRules.length > 0 ? undefined : lateFixes.at(-1) };
}

const isBehind = (fix: Fix, place: Position | null): boolean =>
  place === null || comparePosition(fix, place) > 0;

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
  return { state, isStateChanged: fixes.length > 0, events, checkpoints, resettled: undefined };
}

async function resettle(
  previous: DeviceState,
  { from, until }: Lateness,
  rules: readonly ActiveRule[],
  history: History,
): Promise<Settlement> {
  const base = (await history.checkpointBefore(from)) ?? EMPTY_STATE;
  const folding = new Fold(base, rules);
  const events: FoundEvent[] = [];
  const checkpoints: DeviceState[] = [];
  for await (const { fix, checkpoint } of history.fixesAfter(base.at)) {
    events.push(...folding.take(fix));
    if (checkpoint === undefined && !isCheckpoint(fix)) continue;
    const state = folding.state();
    if (checkpoint === undefined || !agree(checkpoint, state, rules)) {
      checkpoints.push(state);
    } else if (until !== undefined && comparePosition(fix, until) > 0) {
      // Without rules that are gone: they did not see the late fix, and may come back.
      const kept = new Fold(previous, rules).state();
      const isStateChanged = encodeState(kept) !== encodeState(previous);
      const resettled = { after: base.at, upTo: state.at };
      return { state: kept, isStateChanged, events, checkpoints, resettled };
    }
  }
  const resettled = { after: base.at, upTo: null };
  return { state: folding.state(), isStateChanged: true, events, checkpoints, resettled };
}

/** Opened under the same rules, since a checkpoint may name rules that are gone and miss some that are new. */
function agree(stored: DeviceState, state: DeviceState, rules: readonly ActiveRule[]): boolean {
  return encodeState(new Fold(stored, rules).state()) === encodeState(state);
}

function join(again: Settlement, inOrder: Settlement): Settlement {
  return {
    ...inOrder,
    events: [...again.events, ...inOrder.events],
    checkpoints: [...again.checkpoints, ...inOrder.checkpoints],
    resettled: again.resettled,
  };
}
