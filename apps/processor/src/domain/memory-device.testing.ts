import { type Fix } from './fix';
import { type FoundEvent } from './fold';
import { comparePosition, type Position } from './position';
import { type ActiveRule } from './rules';
import { type History, settle, type Settlement, type StoredFix } from './settle';
import { decodeState, type DeviceState, encodeState } from './state';

interface Row {
  readonly event: FoundEvent;
  retracted: boolean;
}

/** For specs: what the sink keeps of one device, in memory; states go through their JSON as they do in the database. */
export class MemoryDevice implements History {
  reads = 0;
  private readonly fixes: Fix[] = [];
  private readonly checkpoints = new Map<string, string>();
  private readonly events = new Map<string, Row>();
  private settled: string | undefined;

  static contentOf({ rule, confirmed, ...event }: FoundEvent): object {
    const { reference, version } = rule;
    return { ...event, reference, version, by: placeOf(confirmed) };
  }

  async write(fixes: readonly Fix[], rules: readonly ActiveRule[]): Promise<void> {
    if (fixes.length === 0) return;
    this.fixes.push(...fixes);
    this.fixes.sort(comparePosition);
    const previous = this.settled === undefined ? 'none' : (decodeState(this.settled) ?? 'unreadable');
    const settlement = await settle(previous, fixes, rules, this);
    if (settlement.isStateChanged) this.settled = encodeState(settlement.state);
    for (const state of settlement.checkpoints) {
      if (state.at !== null) this.checkpoints.set(placeOf(state.at), encodeState(state));
    }
    this.keepEvents(settlement, rules);
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

  private keepEvents({ events, resettled }: Settlement, rules: readonly ActiveRule[]): void {
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
    for (const event of events) this.events.set(idOf(event), { event, retracted: false });
  }
}

const placeOf = ({ timeMs, digest }: Position): string => `${timeMs}|${digest}`;
const idOf = ({ kind, rule, occurredAtMs }: FoundEvent): string =>
  `${kind}|${rule.reference}|${occurredAtMs}`;
