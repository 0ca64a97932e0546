import { BinaryArray, type BinaryType, binaryTypes, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import {
  decodeResettling,
  decodeState,
  type DeviceState,
  encodeResettling,
  encodeState,
  type Fix,
  type Position,
  type Settlement,
} from '../domain';
import { type KnownDevice } from './device-directory';
import deviceStates from './sql/device-states.sql';
import lockDeviceStates from './sql/lock-device-states.sql';
import saveStates from './sql/save-device-states.sql';
import saveResettling from './sql/save-resettling.sql';
import unchangedVersions from './sql/unchanged-versions.sql';
import { type KnownState } from './state-cache';

const READ = statement('sink_device-states', deviceStates);
const LOCK = statement('sink_lock-device-states', lockDeviceStates);
const SAVE = statement('sink_save-device-states', saveStates);
const SAVE_RESETTLING = statement('sink_save-resettling', saveResettling);
const UNCHANGED = statement('sink_unchanged-versions', unchangedVersions);

const { bool, int2, int4, int8, jsonb, timestamptz } = binaryTypes;

/** A device whose new fixes have been settled, and what follows. */
export interface SettledDevice {
  readonly device: KnownDevice;
  /** What it was settled from; undefined for its first fixes. */
  readonly known: KnownState | undefined;
  readonly settlement: Settlement;
  /** Of the newest entry that brought new fixes: the trace that all that follows belongs to. */
  readonly traceparent: string | undefined;
}

interface StateRow {
  readonly device_id: bigint;
  readonly version: bigint;
  readonly settled: string;
  readonly resettling: string | null;
}

interface VersionRow {
  readonly device_id: bigint;
  readonly version: bigint;
}

/** @param isLocking Nobody else changes them before the end of the transaction. */
export async function readDeviceStates(
  transaction: Transaction,
  deviceIds: readonly bigint[],
  isLocking = false,
): Promise<Map<bigint, KnownState>> {
  if (deviceIds.length === 0) return new Map();
  const rows = await transaction.query<StateRow>(isLocking ? LOCK : READ, [deviceIds]);
  return new Map(
    rows.map(({ device_id, version, settled, resettling }) => [
      device_id,
      {
        version,
        state: decodeState(settled) ?? 'unreadable',
        resettling: resettling === null ? null : decodeResettling(resettling),
      },
    ]),
  );
}

/**
 * Stores what changed over the versions that it was settled from, and the checkpoints, and answers with the version that each of the changed
 * states has now.
 *
 * @throws OdographError STATE_CONFLICT where somebody else has written one of them since.
 */
export async function saveDeviceStates(
  transaction: Transaction,
  settled: readonly SettledDevice[],
): Promise<Map<bigint, bigint>> {
  const changed = settled.filter(({ settlement }) => settlement.isStateChanged);
  const versions = await saveStatesOf(transaction, changed, settled.flatMap(checkpointsOf));
  const redirected = settled.filter(isRedirected);
  for (const [id, version] of await saveResettlingOf(transaction, redirected, versions))
    versions.set(id, version);
  // Even where nothing is to be written, events and checkpoints follow from what the state was.
  const unchanged = settled.filter(({ device }) => !versions.has(device.id));
  await checkVersions(transaction, unchanged);
  return versions;
}

async function saveStatesOf(
  transaction: Transaction,
  changed: readonly SettledDevice[],
  checkpoints: readonly Checkpoint[],
): Promise<Map<bigint, bigint>> {
  if (changed.length === 0 && checkpoints.length === 0) return new Map();
  const [saved] = await transaction.query<SavedStates & Record<string, unknown>>(SAVE, [
    ...stateColumns(changed),
    ...checkpointColumns(checkpoints),
  ]);
  const ids = saved?.device_ids ?? [];
  if (ids.length < changed.length) throw conflict(changed.length - ids.length);
  return new Map(ids.map((id, index) => [id, saved?.versions?.[index] ?? 0n]));
}

/** One statement stores all that becomes of these. */
export const isPlain = (one: SettledDevice): boolean =>
  one.settlement.isStateChanged && one.settlement.resettled === undefined && !isRedirected(one);

function isRedirected({ known, settlement }: SettledDevice): boolean {
  return encodeResettling(settlement.resettling) !== encodeResettling(known?.resettling ?? null);
}

async function saveResettlingOf(
  transaction: Transaction,
  redirected: readonly SettledDevice[],
  versions: ReadonlyMap<bigint, bigint>,
): Promise<Map<bigint, bigint>> {
  if (redirected.length === 0) return new Map();
  const rows = await transaction.query<VersionRow>(SAVE_RESETTLING, [
    redirected.map(({ device }) => device.id),
    redirected.map(({ device, known }) => versions.get(device.id) ?? known?.version ?? 0n),
    redirected.map(({ settlement }) => encodeResettling(settlement.resettling)),
  ]);
  return all(redirected, rows);
}

async function checkVersions(transaction: Transaction, unchanged: readonly SettledDevice[]): Promise<void> {
  if (unchanged.length === 0) return;
  const ids = unchanged.map(({ device }) => device.id);
  const rows = await transaction.query<VersionRow>(UNCHANGED, [ids]);
  const versions = all(unchanged, rows);
  const stale = unchanged.find(({ device, known }) => versions.get(device.id) !== known?.version);
  if (stale !== undefined) throw conflict(1);
}

/** @throws OdographError STATE_CONFLICT */
function all(settled: readonly SettledDevice[], rows: readonly VersionRow[]): Map<bigint, bigint> {
  if (rows.length < settled.length) throw conflict(settled.length - rows.length);
  return new Map(rows.map(({ device_id, version }) => [device_id, version]));
}

const conflict = (devices: number): OdographError =>
  new OdographError('STATE_CONFLICT', { detail: `${devices} of the batch's devices` });

interface SavedStates {
  readonly device_ids: bigint[] | null;
  readonly versions: bigint[] | null;
}

function stateColumns(changed: readonly SettledDevice[]): Buffer[] {
  const latest = changed.map(({ settlement }) => settlement.state.fixes.last);
  const ofLatest = <Value>(type: BinaryType<Value>, value: (fix: Fix) => Value | null): Buffer =>
    BinaryArray.of(
      type,
      latest.map((fix) => (fix === null ? null : value(fix))),
    );
  return [
    BinaryArray.of(
      int8,
      changed.map(({ device }) => device.id),
    ),
    ofLatest(timestamptz, ({ timeMs }) => timeMs),
    ofLatest(int8, ({ digest }) => digest),
    ofLatest(int4, ({ longitude }) => longitude),
    ofLatest(int4, ({ latitude }) => latitude),
    ofLatest(int2, ({ altitudeM }) => altitudeM),
    ofLatest(int4, ({ angleDeg }) => angleDeg),
    ofLatest(int4, ({ speedKmh }) => speedKmh),
    ofLatest(bool, ({ ignition }) => ignition),
    ofLatest(bool, ({ movement }) => movement),
    BinaryArray.of(
      jsonb,
      changed.map(({ settlement }) => encodeState(settlement.state)),
    ),
    BinaryArray.of(
      int8,
      changed.map(({ known }) => (known?.version ?? 0n) + 1n),
    ),
  ];
}

interface Checkpoint {
  readonly deviceId: bigint;
  readonly at: Position;
  readonly state: DeviceState;
}

function checkpointsOf({ device, settlement }: SettledDevice): Checkpoint[] {
  return settlement.checkpoints.flatMap((state) =>
    state.at === null ? [] : [{ deviceId: device.id, at: state.at, state }],
  );
}

function checkpointColumns(checkpoints: readonly Checkpoint[]): Buffer[] {
  const column = <Value>(type: BinaryType<Value>, value: (checkpoint: Checkpoint) => Value): Buffer =>
    BinaryArray.of(type, checkpoints.map(value));
  return [
    column(int8, ({ deviceId }) => deviceId),
    column(timestamptz, ({ at }) => at.timeMs),
    column(int8, ({ at }) => at.digest),
    column(jsonb, ({ state }) => encodeState(state)),
  ];
}
