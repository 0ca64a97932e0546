import { type Fix } from './fix';
import { type FoundEvent } from './fold';
import { comparePosition, type Position } from './position';
import { type ActiveRule } from './rules';
import { type StoredState } from './doubt';
import { type History, type StoredFix } from './history';
import { decodeResettling, encodeResettling, WHOLE, widen } from './resettling';
import { settle, type Settlement, settleOn } from './settle';
import { decodeState, type DeviceState, encodeState } from './state';

interface Row {
  readonly event: FoundEvent;
  retracted: boolean;
  /** Retracted with the record that decided it. */
  hidden: boolean;
}

/** For specs: what the sink keeps of one device, in memory; states go through their JSON as they do in the database. */
export class MemoryDevice implements History {
  reads = 0;
  private fixes: Fix[] = [];
  private hidden: Fix[] = [];
  private readonly checkpoints = new Map<string, string>();
  private readonly events = new Map<string, Row>();
  private settled: string | undefined;
  private resettling: string | null = null;

  static contentOf({ rule, confirmed, ...event }: FoundEvent): object {
    const { reference, version } = rule;
    return { ...event, reference, version, by: placeOf(confirmed) };
  }

  /** @param budgetFixes How many stored fixes may be folded again for it. */
  async write(fixes: readonly Fix[], rules: readonly ActiveRule[], budgetFixes = Infinity): Promise<void> {
    if (fixes.length === 0) return;
    this.fixes.push(...fixes);
    this.fixes.sort(comparePosition);
    this.keep(await settle(this.stored() ?? 'none', fixes, rules, this, { fixes: budgetFixes }), rules);
  }

  get isResettling(): boolean {
    return this.resettling !== null;
  }

  /** One slice of what was left to be folded again. */
  async settleOn(rules: readonly ActiveRule[], budgetFixes: number): Promise<void> {
    const stored = this.stored();
    if (stored === undefined || stored.resettling === null) return;
    this.keep(await settleOn(stored, rules, this, { fixes: budgetFixes }), rules);
  }

  /** Hides the fixes of a stretch of time as an operator does, or shows them again. */
  flag(fromMs: number, untilMs: number, isFaulty: boolean): void {
    const isWithin = ({ timeMs }: Fix): boolean => timeMs >= fromMs && timeMs <= untilMs;
    const [from, to] = isFaulty ? [this.fixes, this.hidden] : [this.hidden, this.fixes];
    const moved = from.filter(isWithin);
    const left = from.filter((fix) => !isWithin(fix));
    const joined = [...to, ...moved].sort(comparePosition);
    [this.fixes, this.hidden] = isFaulty ? [left, joined] : [joined, left];
    for (const fix of moved) this.checkpoints.delete(placeOf(fix));
    // What a hidden record has decided does not stand while it is hidden, whether its rule is active still or not.
    const places = new Set(moved.map(placeOf));
    for (const row of this.events.values()) {
      if (!places.has(placeOf(row.event.confirmed))) continue;
      if (isFaulty ? !row.retracted : row.hidden) row.retracted = row.hidden = isFaulty;
    }
    if (this.settled === undefined || moved.length === 0) return;
    const before = this.resettling === null ? null : decodeResettling(this.resettling);
    this.resettling = encodeResettling(
      before === null ? widen(null, fromMs, untilMs) : widen({ ...before, untilMs: null }, fromMs, null),
    );
  }

  /** Asks for everything to be folded again. */
  rehydrate(): void {
    this.resettling = encodeResettling(WHOLE);
  }

  shownFixes(): readonly Fix[] {
    return this.fixes;
  }

  stateText(): string | undefined {
    return this.settled;
  }

  forgetState(): void {
    this.settled = '{"v":0}';
  }

  standingEvents(): string[] {
    return [...this.events.values()]
      .filter(({ retracted }) => !retracted)
      .map(({ event }) => JSON.stringify(MemoryDevice.contentOf(event)));
  }

  checkpointBefore(place: Position): Promise<DeviceState | undefined> {
    const found = this.fixes
      .filter((fix) => comparePosition(fix, place) < 0)
      .map((fix) => this.checkpoints.get(placeOf(fix)))
      .findLast((text) => text !== undefined);
    return Promise.resolve(found === undefined ? undefined : decodeState(found));
  }

  async *fixesAfter(place: Position | null): AsyncIterable<StoredFix> {
    for (const fix of this.fixes.filter((each) => place === null || comparePosition(each, place) > 0)) {
      this.reads += 1;
      const text = this.checkpoints.get(placeOf(fix));
      yield await Promise.resolve({ fix, checkpoint: text === undefined ? undefined : decodeState(text) });
    }
  }

  private stored(): StoredState | undefined {
    if (this.settled === undefined) return undefined;
    const resettling = this.resettling === null ? null : decodeResettling(this.resettling);
    return { state: decodeState(this.settled) ?? 'unreadable', resettling };
  }

  private keep(settlement: Settlement, rules: readonly ActiveRule[]): void {
    if (settlement.isStateChanged) this.settled = encodeState(settlement.state);
    this.resettling = encodeResettling(settlement.resettling);
    for (const state of settlement.checkpoints) {
      if (state.at !== null) this.checkpoints.set(placeOf(state.at), encodeState(state));
    }
    this.keepEvents(settlement, rules);
  }

  private keepEvents({ events, doubtfulEvents, resettled }: Settlement, rules: readonly ActiveRule[]): void {
    const ids = new Set(events.map(idOf));
    for (const [id, row] of this.events) {
      if (resettled === undefined || ids.has(id)) continue;
      const { confirmed, rule } = row.event;
      const isCurrent = rules.some(
        ({ reference, version }) => reference === rule.reference && version === rule.version,
      );
      const isBehind = resettled.after === null || comparePosition(confirmed, resettled.after) > 0;
      const isWithin = resettled.upTo === null || comparePosition(confirmed, resettled.upTo) <= 0;
      if (isCurrent && isBehind && isWithin) row.retracted = true;
    }
    const found = (event: FoundEvent) => ({ event, retracted: false, hidden: false });
    for (const event of events) this.events.set(idOf(event), found(event));
    for (const event of doubtfulEvents) {
      if (!this.events.has(idOf(event))) this.events.set(idOf(event), found(event));
    }
  }
}

const placeOf = ({ timeMs, digest }: Position): string => `${timeMs}|${digest}`;
const idOf = ({ kind, rule, occurredAtMs }: FoundEvent): string =>
  `${kind}|${rule.reference}|${occurredAtMs}`;
