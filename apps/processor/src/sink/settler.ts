import { type Transaction } from '@app/common/database';
import { type Fix, type FoldBudget, settle, settleOn } from '../domain';
import { type KnownDevice } from './device-directory';
import { readDeviceStates, type SettledDevice } from './device-states';
import { StoredHistory } from './history';
import { type Rulebook } from './rulebook';
import { type SinkMetrics } from './sink.metrics';
import { type KnownState, type StateCache } from './state-cache';

/** The fixes of a device that a batch brought. */
export interface NewFixes {
  readonly device: KnownDevice;
  readonly fixes: readonly Fix[];
  readonly traceparent: string | undefined;
}

export interface SettlerParts {
  readonly cache: StateCache;
  readonly metrics: SinkMetrics;
  /** Stored fixes that one transaction folds again at most. */
  readonly maxFoldedFixes: number;
}

/** Settles devices from their states, which it keeps in memory between the transactions. */
export class Settler {
  constructor(private readonly parts: SettlerParts) {}

  /** @param isLocking The states are read, and locked: for a batch that has found others to be stale. */
  async settleAll(
    transaction: Transaction,
    groups: readonly NewFixes[],
    rulebook: Rulebook,
    isLocking: boolean,
  ): Promise<SettledDevice[]> {
    const ids = groups.map(({ device }) => device.id);
    const states = isLocking
      ? await readDeviceStates(transaction, ids, true)
      : await this.knownStates(transaction, ids);
    const budget: FoldBudget = { fixes: this.parts.maxFoldedFixes };
    const settled: SettledDevice[] = [];
    for (const { device, fixes, traceparent } of groups) {
      const known = states.get(device.id);
      const history = new StoredHistory(transaction, device.id);
      const rules = rulebook.rulesOf(device);
      const settlement = await settle(known ?? 'none', fixes, rules, history, budget);
      settled.push({ device, known, settlement, traceparent });
    }
    return settled;
  }

  /** One slice of what is left to be folded again of a device; nothing where nothing is. */
  async settleSlice(
    transaction: Transaction,
    device: KnownDevice,
    rulebook: Rulebook,
  ): Promise<SettledDevice[]> {
    const known = (await readDeviceStates(transaction, [device.id], true)).get(device.id);
    if (known === undefined || known.resettling === null) return [];
    const history = new StoredHistory(transaction, device.id);
    const budget: FoldBudget = { fixes: this.parts.maxFoldedFixes };
    const settlement = await settleOn(known, rulebook.rulesOf(device), history, budget);
    return [{ device, known, settlement, traceparent: undefined }];
  }

  /** After the commit of these, with the versions that it gave them. */
  remember(settled: readonly SettledDevice[], versions: ReadonlyMap<bigint, bigint>): void {
    const { cache, metrics } = this.parts;
    for (const { device, known, settlement } of settled) {
      const version = versions.get(device.id) ?? known?.version;
      if (version === undefined) continue;
      const state = isKept(known, settlement) ? known.state : settlement.state;
      cache.put(device.id, { state, resettling: settlement.resettling, version });
    }
    metrics.cachedStates.set(cache.size);
  }

  /** After anything but a commit: it may have happened, and what is kept may be what it was before. */
  forget(deviceIds: Iterable<bigint>): void {
    this.parts.cache.drop(deviceIds);
    this.parts.metrics.cachedStates.set(this.parts.cache.size);
  }

  forgetAll(): void {
    this.parts.cache.clear();
    this.parts.metrics.cachedStates.set(0);
  }

  get cachedStates(): number {
    return this.parts.cache.size;
  }

  private async knownStates(
    transaction: Transaction,
    deviceIds: readonly bigint[],
  ): Promise<Map<bigint, KnownState>> {
    const { cache, metrics } = this.parts;
    const found = new Map<bigint, KnownState>();
    const cold: bigint[] = [];
    for (const id of deviceIds) {
      const known = cache.get(id);
      if (known === undefined) cold.push(id);
      else found.set(id, known);
    }
    metrics.deviceStates.inc({ result: 'hit' }, found.size);
    metrics.deviceStates.inc({ result: 'miss' }, cold.length);
    for (const [id, known] of await readDeviceStates(transaction, cold)) found.set(id, known);
    return found;
  }
}

/** An unreadable state stays what it is until it has been settled anew. */
function isKept(
  known: KnownState | undefined,
  { isStateChanged }: SettledDevice['settlement'],
): known is KnownState {
  return known !== undefined && !isStateChanged;
}
