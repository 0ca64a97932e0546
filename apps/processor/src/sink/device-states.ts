import { statement, type Transaction } from '@app/common/database';
import { decodeState, encodeState, type PreviousState, type Settlement } from '../domain';
import { type KnownDevice } from './device-directory';
import { timestampOf } from './records';
import deviceStates from './sql/device-states.sql';
import saveCheckpoints from './sql/save-checkpoints.sql';
import saveStates from './sql/save-device-states.sql';

const READ = statement('sink_device-states', deviceStates);
const SAVE = statement('sink_save-device-states', saveStates);
const SAVE_CHECKPOINTS = statement('sink_save-checkpoints', saveCheckpoints);

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

/** Stores the changed states and answers with the version that each of them has now. */
export async function saveDeviceStates(
  transaction: Transaction,
  settled: readonly SettledDevice[],
): Promise<Map<bigint, bigint>> {
  const changed = settled.filter(({ settlement }) => settlement.isStateChanged);
  if (changed.length === 0) return new Map();
  const latest = changed.map(({ settlement }) => settlement.state.fixes.last);
  const rows = await transaction.query<{ device_id: bigint; version: bigint }>(SAVE, [
    changed.map(({ device }) => device.id),
    latest.map((fix) => (fix === null ? null : timestampOf(fix.timeMs))),
    latest.map((fix) => fix?.digest ?? null),
    latest.map((fix) => fix?.longitude ?? null),
    latest.map((fix) => fix?.latitude ?? null),
    latest.map((fix) => fix?.altitudeM ?? null),
    latest.map((fix) => fix?.angleDeg ?? null),
    latest.map((fix) => fix?.speedKmh ?? null),
    latest.map((fix) => fix?.ignition ?? null),
    latest.map((fix) => fix?.movement ?? null),
    changed.map(({ settlement }) => encodeState(settlement.state)),
  ]);
  return new Map(rows.map(({ device_id, version }) => [device_id, version]));
}

export async function saveCheckpointsOf(
  transaction: Transaction,
  settled: readonly SettledDevice[],
): Promise<void> {
  const checkpoints = settled.flatMap(({ device, settlement }) =>
    settlement.checkpoints.flatMap((state) => (state.at === null ? [] : [{ device, state, at: state.at }])),
  );
  if (checkpoints.length === 0) return;
  await transaction.query(SAVE_CHECKPOINTS, [
    checkpoints.map(({ device }) => device.id),
    checkpoints.map(({ at }) => timestampOf(at.timeMs)),
    checkpoints.map(({ at }) => at.digest),
    checkpoints.map(({ state }) => encodeState(state)),
  ]);
}
