import { setImmediate as others } from 'node:timers/promises';
import { Database, statement, type Transaction } from '@app/common/database';
import { fault } from '@app/common/observability';
import { sendBatch } from '@app/common/outbox';
import { hasCode } from '@app/common/errors';
import { type Fix } from '../domain';
import { type DeviceDirectory, isKnown, type KnownDevice } from './device-directory';
import { isPlain, saveDeviceStates, type SettledDevice } from './device-states';
import { storeEvents, type StoredEvents } from './events';
import { type LiveFeed } from './live-feed';
import { messagesOf } from './messages';
import { type Arrival } from './position-columns';
import { allOf, countOf, isRepeat, type NewRecords, storeNewPositions, storePositions } from './positions';
import { Repeats } from './repeats';
import { type SinkEntry } from './sink-entry';
import { type Rulebook, type RulebookReader } from './rulebook';
import { type NewFixes, type Settler } from './settler';
import { type SinkMetrics } from './sink.metrics';
import resettlingDevices from './sql/resettling-devices.sql';

const RESETTLING_DEVICES = statement('sink_resettling-devices', resettlingDevices);
/** Devices that one look for what is left to be folded again gives. */
const PAGE_DEVICES = 500;

/**
 * First thing in the transaction: locks the leases that the entries were read under. What is written goes to the server
 * behind its statements without waiting for their answer; COMMIT waits for it.
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

interface StoredDevices extends StoredEvents {
  readonly settled: readonly SettledDevice[];
  /** `device_state.version` of those whose state changed. */
  readonly versions: ReadonlyMap<bigint, bigint>;
}

type Stored<Entry extends SinkEntry> = SinkResult<Entry> & StoredDevices;
type StoredRecords = Omit<Stored<SinkEntry>, 'refused'>;

/** How a transaction is tried. */
interface Attempt {
  /** Devices whose states it may change. */
  readonly touched: Set<bigint>;
  readonly isLocking: boolean;
  readonly expectsRepeats: boolean;
}

/** A device of which something is left to be folded again. */
export type ResettlingDevice = KnownDevice;

interface DeviceRow {
  readonly id: bigint;
  readonly imei: string;
  readonly tenant_id: string;
  readonly name: string;
}

export interface SinkParts {
  readonly database: Database;
  readonly directory: DeviceDirectory;
  readonly rulebooks: RulebookReader;
  readonly settler: Settler;
  readonly live: LiveFeed;
  readonly metrics: SinkMetrics;
  /** Milliseconds since 1970; decides what is history already. */
  readonly now?: () => number;
}

/** Writes decoded entries: positions, device states, events and their messages, all in one transaction or not at all. */
export class SinkService {
  private readonly repeats = new Repeats();

  constructor(private readonly parts: SinkParts) {}

  /**
   * Repeatable: a record that is stored already changes nothing.
   *
   * @throws OdographError LEASE_LOST, or the database's error; nothing has happened then, except where
   * `isCommitOutcomeUnknown`, and the call may be repeated as it is.
   */
  async write<Entry extends SinkEntry>(entries: readonly Entry[], fence: Fence): Promise<SinkResult<Entry>> {
    // Between decoding and encoding, so that an answer which another lane waits for does not wait for both.
    await others();
    const stored = await this.inTransaction(fence, (transaction, attempt) =>
      this.store(transaction, entries, attempt),
    );
    fault('sink.after-commit');
    this.repeats.found(stored.repeatedRecords);
    this.count(entries, stored);
    this.tell(stored);
    const { refused, newRecords, repeatedRecords } = stored;
    return { refused, newRecords, repeatedRecords };
  }

  /**
   * Folds again one slice of what is left of a device's history.
   *
   * @returns whether there is more of it.
   * @throws as {@link write} does.
   */
  async settleOn(device: ResettlingDevice, fence: Fence): Promise<boolean> {
    const { settler, rulebooks, metrics } = this.parts;
    const stored = await this.inTransaction(fence, async (transaction, { touched }) => {
      touched.add(device.id);
      const rulebook = await rulebooks.current(transaction);
      const settled = await settler.settleSlice(transaction, device, rulebook);
      return { ...(await this.storeSettled(transaction, settled, rulebook)), settled };
    });
    metrics.resettlingSlices.inc(stored.settled.length);
    this.countEvents(stored);
    this.tell(stored);
    return stored.settled.some(({ settlement }) => settlement.resettling !== null);
  }

  /**
   * Devices of which something is left to be folded again, by id behind `after`; `last` is where to go on, undefined
   * behind the last of them.
   */
  async resettlingDevices(after: bigint): Promise<{ devices: ResettlingDevice[]; last: bigint | undefined }> {
    const rows = await this.parts.database.query<DeviceRow>(RESETTLING_DEVICES, [after, PAGE_DEVICES]);
    const devices = rows.map(({ id, imei, tenant_id, name }) => ({ id, imei, tenantId: tenant_id, name }));
    return { devices, last: rows.length < PAGE_DEVICES ? undefined : rows.at(-1)?.id };
  }

  countResettling(devices: number): void {
    this.parts.metrics.resettlingDevices.set(devices);
  }

  /** Whatever is kept in memory of devices, such as when this process has lost what it owned. */
  forgetStates(): void {
    this.parts.settler.forgetAll();
  }

  /** Resolves when live viewers have been told what was committed. */
  told(): Promise<void> {
    return this.parts.live.told();
  }

  /**
   * Done again, from states that are locked, where those kept in memory turn out to be stale; and where what was taken
   * for new turns out to be stored.
   */
  private async inTransaction<Result extends StoredDevices>(
    fence: Fence,
    work: (transaction: Transaction, attempt: Attempt) => Promise<Result>,
  ): Promise<Result> {
    const { settler, metrics } = this.parts;
    const attempt = {
      touched: new Set<bigint>(),
      isLocking: false,
      expectsRepeats: this.repeats.areExpected,
    };
    for (;;) {
      try {
        return await this.commit(fence, (transaction) => work(transaction, attempt));
      } catch (error) {
        settler.forget(attempt.touched);
        if (!attempt.expectsRepeats && isRepeat(error)) {
          this.repeats.found(1);
          attempt.expectsRepeats = true;
        } else if (!attempt.isLocking && hasCode(error, 'STATE_CONFLICT')) {
          metrics.deviceStates.inc({ result: 'stale' });
          attempt.isLocking = true;
        } else throw error;
      }
    }
  }

  private async commit<Result extends StoredDevices>(
    fence: Fence,
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const { database, metrics, settler } = this.parts;
    const endTimer = metrics.transactionSeconds.startTimer();
    try {
      const stored = await database.transaction(async (transaction) => {
        const [, result] = await Promise.all([fence(transaction), work(transaction)]);
        fault('sink.before-commit');
        return result;
      });
      endTimer({ result: 'committed' });
      settler.remember(stored.settled, stored.versions);
      return stored;
    } catch (error) {
      endTimer({ result: 'failed' });
      throw error;
    }
  }

  private tell({ settled, versions, added }: StoredDevices): void {
    this.parts.live.tell({ settled, versions, events: added });
  }

  /** What its caches hold, for the panic file. */
  snapshot(): Record<string, unknown> {
    return { devicesCached: this.parts.directory.size, statesCached: this.parts.settler.cachedStates };
  }

  private async store<Entry extends SinkEntry>(
    transaction: Transaction,
    entries: readonly Entry[],
    attempt: Attempt,
  ): Promise<Stored<Entry>> {
    const devices = await this.parts.directory.resolve(transaction, new Set(entries.map(({ imei }) => imei)));
    const refused: RefusedEntry<Entry>[] = [];
    const arrivals: Arrival[] = [];
    for (const entry of entries) {
      const device = devices.get(entry.imei);
      if (device === undefined) continue;
      if (isKnown(device)) arrivals.push(arrivalOf(entry, device));
      else refused.push({ entry, refusal: device.refusal });
    }
    const stored = attempt.expectsRepeats
      ? await this.settle(transaction, arrivals, await storePositions(transaction, arrivals), attempt)
      : await this.storeAsNew(transaction, arrivals, attempt);
    return { ...stored, refused };
  }

  /** The server stores the records while what follows from them is found out here. */
  private async storeAsNew(
    transaction: Transaction,
    arrivals: readonly Arrival[],
    attempt: Attempt,
  ): Promise<StoredRecords> {
    const [, stored] = await Promise.all([
      storeNewPositions(transaction, arrivals),
      others().then(() => this.settle(transaction, arrivals, allOf(arrivals), attempt)),
    ]);
    return stored;
  }

  private async settle(
    transaction: Transaction,
    arrivals: readonly Arrival[],
    fresh: NewRecords,
    { touched, isLocking }: Attempt,
  ): Promise<StoredRecords> {
    const rulebook = await this.parts.rulebooks.current(transaction);
    const groups = newFixesByDevice(arrivals, fresh);
    for (const { device } of groups) touched.add(device.id);
    const settled = await this.parts.settler.settleAll(transaction, groups, rulebook, isLocking);
    const events = await this.storeSettled(transaction, settled, rulebook);
    const repeatedRecords = countOf(arrivals) - fresh.count;
    return { ...events, settled, newRecords: fresh.count, repeatedRecords };
  }

  private async storeSettled(
    transaction: Transaction,
    settled: readonly SettledDevice[],
    rulebook: Rulebook,
  ): Promise<StoredEvents & { versions: ReadonlyMap<bigint, bigint> }> {
    const nowMs = (this.parts.now ?? Date.now)();
    const saving = saveDeviceStates(transaction, settled);
    // One statement locks all states; where it takes more, the events wait, since a state is locked before its events.
    if (!settled.every(isPlain)) await saving;
    const [versions, events] = await Promise.all([
      saving,
      storeEvents(transaction, settled, rulebook, nowMs),
    ]);
    sendBatch(
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
    this.countEvents(stored);
  }

  private countEvents({ added, retractedKinds }: StoredEvents): void {
    const { metrics } = this.parts;
    for (const { kind, isHistorical } of added) {
      metrics.events.inc({ kind, result: isHistorical ? 'historical' : 'raised' });
    }
    for (const kind of retractedKinds) metrics.events.inc({ kind, result: 'retracted' });
  }
}

function arrivalOf({ receivedAtMs, traceparent, records }: SinkEntry, device: KnownDevice): Arrival {
  return { device, receivedAtMs, traceparent, records };
}

/** Without the repeats: they moved the rules when they came first. */
function newFixesByDevice(arrivals: readonly Arrival[], fresh: NewRecords): NewFixes[] {
  const byDevice = new Map<bigint, { device: KnownDevice; fixes: Fix[]; traceparent: string | undefined }>();
  let ordinal = 0;
  for (const { device, records, traceparent } of arrivals) {
    for (let index = 0; index < records.length; index += 1, ordinal += 1) {
      const fix = fresh.has(ordinal) ? records.fix(index) : undefined;
      if (fix === undefined) continue;
      let found = byDevice.get(device.id);
      if (found === undefined) byDevice.set(device.id, (found = { device, fixes: [], traceparent }));
      found.fixes.push(fix);
      found.traceparent = traceparent;
    }
  }
  // One order for all writers, so that two that meet on the same devices wait for each other instead of deadlocking.
  return [...byDevice.values()].sort((a, b) => (a.device.id < b.device.id ? -1 : 1));
}
