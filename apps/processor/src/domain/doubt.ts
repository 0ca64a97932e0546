import { type Fix } from './fix';
import { comparePosition, type Position } from './position';
import { type Resettling, WHOLE, widen } from './resettling';
import { type ActiveRule, ruleKey } from './rules';
import { type DeviceState } from './state';

/** What is stored of a device that was settled before. */
export interface StoredState {
  /** `unreadable` where it was written by another version. */
  readonly state: DeviceState | 'unreadable';
  readonly resettling: Resettling | null;
}

/** What is to be folded again, these fixes and rules considered. */
export function inDoubt(
  previous: StoredState,
  fixes: readonly Fix[],
  rules: readonly ActiveRule[],
): Resettling | null {
  const { state } = previous;
  let resettling = state === 'unreadable' ? (previous.resettling ?? WHOLE) : previous.resettling;
  for (const rule of state === 'unreadable' ? [] : missedRules(state, rules)) {
    // A checkpoint that never knew the rule agrees with a rule that has not found anything yet: that says nothing.
    resettling = isUnderWay(resettling, rule)
      ? { ...resettling, untilMs: null }
      : widen(resettling, rule.validFromMs, null);
  }
  const late = fixes.filter((fix) => isLate(fix, previous));
  const [first] = late;
  const last = late.at(-1);
  return first === undefined || last === undefined
    ? resettling
    : widen(resettling, first.timeMs, last.timeMs);
}

/** Folding again has begun, and with this rule. */
function isUnderWay(resettling: Resettling | null, rule: ActiveRule): resettling is Resettling {
  const cursor = resettling?.cursor ?? null;
  return cursor !== null && knows(cursor, rule);
}

const knows = (state: DeviceState, rule: ActiveRule): boolean => Object.hasOwn(state.rules, ruleKey(rule));

/** Those that should have judged fixes before this state and did not. */
export function missedRules(state: DeviceState, rules: readonly ActiveRule[]): ActiveRule[] {
  const { at } = state;
  if (at === null) return [];
  return rules.filter((rule) => rule.validFromMs <= at.timeMs && !knows(state, rule));
}

/** A rule that missed something begins with what it missed, so not here; it would raise what it must take back. */
export function judging(state: DeviceState, rules: readonly ActiveRule[]): ActiveRule[] {
  const missed = missedRules(state, rules);
  return rules.filter((rule) => !missed.includes(rule));
}

export const isBehind = (fix: Fix, place: Position | null): boolean =>
  place === null || comparePosition(fix, place) > 0;

export function isLate(fix: Fix, { state, resettling }: StoredState): boolean {
  const cursorAt = resettling?.cursor?.at ?? null;
  if (!isBehind(fix, cursorAt)) return true;
  // How far it had come nobody can tell: only what a cursor still comes to is folded again anyway.
  if (state === 'unreadable') return cursorAt === null;
  return !isBehind(fix, state.at);
}
