import { type EventKind } from '@app/common/contracts';
import { type Fix } from './fix';
import { filterFix, type FixFilterState } from './fixes';
import { type Position } from './position';
import { type Finding, type RuleRun } from './rule';
import { type ActiveRule, ruleKey } from './rules';
import { type DeviceState, STATE_VERSION } from './state';

/** An event of a device as the fold finds it; its id follows from the device, kind, reference and time. */
export interface FoundEvent {
  readonly rule: ActiveRule;
  readonly kind: EventKind;
  readonly occurredAtMs: number;
  /** Degrees x 1e7. */
  readonly longitude: number;
  readonly latitude: number;
  readonly speedKmh: number | null;
  readonly details: Readonly<Record<string, number>>;
  /** The record that decided it. */
  readonly confirmed: Position;
}

/** What nearly every fix finds. */
const NO_EVENTS: readonly FoundEvent[] = [];

interface Running {
  readonly rule: ActiveRule;
  readonly run: RuleRun;
}

/**
 * The definition of what a device's records mean: the fold of the fix filter and the rules over its fixes in
 * (time, digest) order. State of rules that are gone is dropped, new ones begin at their first state.
 */
export class Fold {
  private at: Position | null;
  private fixes: FixFilterState;
  private raised: DeviceState['raised'];
  private readonly running: readonly Running[];

  constructor(state: DeviceState, rules: readonly ActiveRule[]) {
    this.at = state.at;
    this.fixes = state.fixes;
    this.raised = state.raised;
    this.running = rules
      .map((rule) => ({ rule, run: rule.bound.open(state.rules[ruleKey(rule)]) }))
      .sort((a, b) => (ruleKey(a.rule) < ruleKey(b.rule) ? -1 : 1));
  }

  /** Takes the next fix. A fix that is not accepted moves no rule. */
  take(fix: Fix): readonly FoundEvent[] {
    this.at = { timeMs: fix.timeMs, digest: fix.digest };
    const { state, accepted } = filterFix(this.fixes, fix);
    this.fixes = state;
    if (!accepted) return NO_EVENTS;
    if (this.raised?.timeMs !== fix.timeMs) this.raised = null;
    let events: FoundEvent[] | undefined;
    for (const { rule, run } of this.running) {
      if (fix.timeMs < rule.validFromMs) continue;
      for (const finding of run.next(fix)) (events ??= []).push(...this.raise(rule, finding, fix));
    }
    return events ?? NO_EVENTS;
  }

  state(): DeviceState {
    return {
      v: STATE_VERSION,
      at: this.at,
      fixes: this.fixes,
      rules: Object.fromEntries(this.running.map(({ rule, run }) => [ruleKey(rule), run.state()])),
      raised: this.raised,
    };
  }

  /**
   * An event's identity is its kind, reference and millisecond. Records of one millisecond can make a rule change its
   * mind and back; the first finding stands, or which one is kept would hang on the order of arrival.
   */
  private raise(rule: ActiveRule, finding: Finding, fix: Fix): FoundEvent[] {
    const { timeMs, ...place } = finding.at;
    if (timeMs === fix.timeMs) {
      const name = `${rule.reference}|${finding.kind}`;
      const names = this.raised?.events ?? [];
      if (names.includes(name)) return [];
      this.raised = { timeMs, events: [...names, name] };
    }
    const { kind, details } = finding;
    const confirmed = { timeMs: fix.timeMs, digest: fix.digest };
    return [{ rule, kind, occurredAtMs: timeMs, ...place, details, confirmed }];
  }
}

/** See {@link Fold}. */
export function fold(
  state: DeviceState,
  fixes: readonly Fix[],
  rules: readonly ActiveRule[],
): { state: DeviceState; events: FoundEvent[] } {
  const folding = new Fold(state, rules);
  const events = fixes.flatMap((fix) => folding.take(fix));
  return { state: folding.state(), events };
}
