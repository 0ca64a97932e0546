import { BinaryArray, type BinaryType, binaryTypes, statement, type Transaction } from '@app/common/database';
import {
  decodeState,
  type DeviceState,
  encodeState,
  type Fix,
  type Position,
  type PreviousState,
  type Settlement,
} from '../domain';
import { type KnownDevice } from './device-directory';
import deviceStates from './sql/device-states.sql';
import saveStates from './sql/save-device-states.sql';

const READ = statement('sink_device-states', deviceStates);
const SAVE = statement('sink_save-device-states', saveStates);

const { bool, int2, int4, int8, jsonb, timestamptz } = binaryTypes;

/** A device whose new fixes have been settled, and what follows. */
export interface SettledDevice {
  readonly device: KnownDevice;
  readonly settlement: Settlement;
  /** Of the newest entry that brought new fixes: the trace that all that follows belongs to. */
  readonly traceparent: string | undefined;
}

export async function readDeviceStates(
  transaction: Transaction,
  deviceIds: readonly bigint[],
): Promise<Map<bigint, PreviousState>> {
  const rows = await transaction.query<{ device_id: bigint; settled: string }>(READ, [deviceIds]);
  return new Map(rows.map(({ device_id, settled }) => [device_id, decodeState(settled) ?? 'unreadable']));
}

/** Stores the changed states and the checkpoints, and answers with the version that each of the states has now. */
export async function saveDeviceStates(
  transaction: Transaction,
  settled: readonly SettledDevice[],
): Promise<Map<bigint, bigint>> {
  const changed = settled.filter(({ settlement }) => settlement.isStateChanged);
  const checkpoints = settled.flatMap(checkpointsOf);
  if (changed.length === 0 && checkpoints.length === 0) return new Map();
  const [saved] = await transaction.query<SavedStates & Record<string, unknown>>(SAVE, [
    ...stateColumns(changed),
    ...checkpointColumns(checkpoints),
  ]);
  const versions = saved?.versions ?? [];
  return new Map(saved?.device_ids?.map((id, index) => [id, versions[index] ?? 0n]));
}

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
