import { Database, type Transaction } from '@app/common/database';
import { fault } from '@app/common/observability';
import { appendBatch } from '@app/common/outbox';
import { comparePosition, type Fix, settle } from '../domain';
import { type DeviceDirectory, isKnown, type KnownDevice } from './device-directory';
import { readDeviceStates, saveCheckpointsOf, saveDeviceStates, type SettledDevice } from './device-states';
import { storeEvents, type StoredEvents } from './events';
import { StoredHistory } from './history';
import { type LiveFeed } from './live-feed';
import { messagesOf } from './messages';
import { type Arrival, storePositions } from './positions';
import { fixOf, type SinkEntry } from './records';
import { type Rulebook, type RulebookReader } from './rulebook';
import { type SinkMetrics } from './sink.metrics';

/**
 * First thing in the transaction: locks the leases that the entries were read under.
 *
 * @throws OdographError LEASE_LOST where one of them is somebody else's by now.
 */
export type Fence = (transaction: Transaction) => Promise<void>;

export interface RefusedEntry<Entry extends SinkEntry> {
  readonly entry: Entry;
  /** Why its device is not known, in words. */
  readonly refusal: string;
}

export interface SinkResult<Entry extends SinkEntry> {
  /** Entries of devices that nobody registered: nothing of them is stored. */
  readonly refused: readonly RefusedEntry<Entry>[];
  readonly newRecords: number;
  readonly repeatedRecords: number;
}

interface Stored<Entry extends SinkEntry> extends SinkResult<Entry>, StoredEvents {
  readonly settled: readonly SettledDevice[];
  readonly versions: ReadonlyMap<bigint, bigint>;
}

export interface SinkParts {
  readonly database: Database;
  readonly directory: DeviceDirectory;
  readonly rulebooks: RulebookReader;
  readonly live: LiveFeed;
  readonly metrics: SinkMetrics;
  /** Milliseconds since 1970; decides what is history already. */
  readonly now?: () => number;
}

/** Writes decoded entries: positions, device states, events and their messages, all in one transaction or not at all. */
export class SinkService {
  constructor(private readonly parts: SinkParts) {}

  /**
   * Repeatable: a record that is stored already changes nothing.
   *
   * @throws OdographError LEASE_LOST, or the database's error; nothing has happened then, except where
   * `isCommitOutcomeUnknown`, and the call may be repeated as it is.
   */
  async write<Entry extends SinkEntry>(entries: readonly Entry[], fence: Fence): Promise<SinkResult<Entry>> {
    const { database, live, metrics } = this.parts;
    const endTimer = metrics.transactionSeconds.startTimer();
    let stored: Stored<Entry>;
    try {
      stored = await database.transaction(async (transaction) => {
        await fence(transaction);
        const result = await this.store(transaction, entries);
        fault('sink.before-commit');
        return result;
      });
      endTimer({ result: 'committed' });
    } catch (error) {
      endTimer({ result: 'failed' });
      throw error;
    }
    fault('sink.after-commit');
    this.count(entries, stored);
    await live.tell({ settled: stored.settled, versions: stored.versions, events: stored.added });
    const { refused, newRecords, repeatedRecords } = stored;
    return { refused, newRecords, repeatedRecords };
  }

  /** What its caches hold, for the panic file. */
  snapshot(): Record<string, unknown> {
    return { devicesCached: this.parts.directory.size };
  }

  private async store<Entry extends SinkEntry>(
    transaction: Transaction,
    entries: readonly Entry[],
  ): Promise<Stored<Entry>> {
    const devices = await this.parts.directory.resolve(transaction, new Set(entries.map(({ imei }) => imei)));
    const refused: RefusedEntry<Entry>[] = [];
    const arrivals: Arrival[] = [];
    for (const entry of entries) {
      const device = devices.get(entry.imei);
      if (device === undefined) continue;
      if (isKnown(device)) arrivals.push(...arrivalsOf(entry, device));
      else refused.push({ entry, refusal: device.refusal });
    }
    const fresh = await storePositions(transaction, arrivals);
    const rulebook = await this.parts.rulebooks.current(transaction);
    const settled = await settleAll(transaction, fresh, rulebook);
    const events = await this.storeSettled(transaction, settled, rulebook);
    return {
      ...events,
      refused,
      settled,
      newRecords: fresh.length,
      repeatedRecords: arrivals.length - fresh.length,
    };
  }

  private async storeSettled(
    transaction: Transaction,
    settled: readonly SettledDevice[],
    rulebook: Rulebook,
  ): Promise<StoredEvents & { versions: ReadonlyMap<bigint, bigint> }> {
    await saveCheckpointsOf(transaction, settled);
    const versions = await saveDeviceStates(transaction, settled);
    const nowMs = (this.parts.now ?? Date.now)();
    const events = await storeEvents(transaction, settled, rulebook, nowMs);
    await appendBatch(
      transaction,
      events.added.flatMap((event) => messagesOf(event, rulebook)),
    );
    return { ...events, versions };
  }

  private count<Entry extends SinkEntry>(entries: readonly Entry[], stored: Stored<Entry>): void {
    const { metrics } = this.parts;
    const nowMs = Date.now();
    for (const { receivedAtMs } of entries) {
      metrics.recordAgeSeconds.observe(Math.max(0, nowMs - receivedAtMs) / 1000);
    }
    metrics.records.inc({ result: 'new' }, stored.newRecords);
    metrics.records.inc({ result: 'repeated' }, stored.repeatedRecords);
    metrics.resettledDevices.inc(
      stored.settled.filter(({ settlement }) => settlement.resettled !== undefined).length,
    );
    for (const { kind, isHistorical } of stored.added) {
      metrics.events.inc({ kind, result: isHistorical ? 'historical' : 'raised' });
    }
    for (const kind of stored.retractedKinds) metrics.events.inc({ kind, result: 'retracted' });
  }
}

function arrivalsOf({ receivedAtMs, traceparent, records }: SinkEntry, device: KnownDevice): Arrival[] {
  return records.map((record) => ({ device, receivedAtMs, traceparent, record }));
}

interface NewFixes {
  readonly device: KnownDevice;
  readonly fixes: Fix[];
  traceparent: string | undefined;
}

/** Repeats are not in here any more: they moved the rules when they came first. */
function newFixesByDevice(fresh: readonly Arrival[]): NewFixes[] {
  const byDevice = new Map<bigint, NewFixes>();
  for (const { device, record, traceparent } of fresh) {
    const fix = fixOf(record);
    if (fix === undefined) continue;
    const found = byDevice.get(device.id) ?? { device, fixes: [], traceparent };
    found.fixes.push(fix);
    found.traceparent = traceparent;
    byDevice.set(device.id, found);
  }
  // One order for all writers, so that two that meet on the same devices wait for each other instead of deadlocking.
  return [...byDevice.values()].sort((a, b) => (a.device.id < b.device.id ? -1 : 1));
}

async function settleAll(
  transaction: Transaction,
  fresh: readonly Arrival[],
  rulebook: Rulebook,
): Promise<SettledDevice[]> {
  const groups = newFixesByDevice(fresh);
  if (groups.length === 0) return [];
  const states = await readDeviceStates(
    transaction,
    groups.map(({ device }) => device.id),
  );
  const settled: SettledDevice[] = [];
  for (const { device, fixes, traceparent } of groups) {
    const previous = states.get(device.id) ?? 'none';
    const history = new StoredHistory(transaction, device.id);
    const rules = rulebook.rulesOf(device);
    const settlement = await settle(previous, fixes.sort(comparePosition), rules, history);
    settled.push({ device, settlement, traceparent });
  }
  return settled;
}
