import { statement, type Transaction } from '@app/common/database';
import {
  decodeState,
  type DeviceState,
  type History,
  type Position,
  STATE_VERSION,
  type StoredFix,
} from '../domain';
import { timestampOf, UNTIMED_FLAGS } from './records';
import checkpointBefore from './sql/checkpoint-before.sql';
import fixesAfter from './sql/fixes-after.sql';

const CHECKPOINT_BEFORE = statement('sink_checkpoint-before', checkpointBefore);
const FIXES_AFTER = statement('sink_fixes-after', fixesAfter);

/** Some 100 KB an answer; a late record is settled in one of them as a rule. */
const PAGE_FIXES = 512;

interface FixRow {
  readonly time: Date;
  readonly digest: bigint;
  readonly longitude: number;
  readonly latitude: number;
  readonly altitude_m: number;
  readonly angle_deg: number;
  readonly speed_kmh: number | null;
  readonly ignition: boolean | null;
  readonly movement: boolean | null;
  readonly settled: string | null;
}

const BEGINNING: Position = { timeMs: Number.NEGATIVE_INFINITY, digest: 0n };

/** What is stored of one device, as the sink's transaction sees it. */
export class StoredHistory implements History {
  constructor(
    private readonly transaction: Transaction,
    private readonly deviceId: bigint,
  ) {}

  async checkpointBefore({ timeMs, digest }: Position): Promise<DeviceState | undefined> {
    const [row] = await this.transaction.query<{ settled: string }>(CHECKPOINT_BEFORE, [
      this.deviceId,
      timestampOf(timeMs),
      digest,
      STATE_VERSION,
    ]);
    return row === undefined ? undefined : decodeState(row.settled);
  }

  async *fixesAfter(place: Position | null): AsyncIterable<StoredFix> {
    let last = place ?? BEGINNING;
    for (;;) {
      const rows = await this.transaction.query<FixRow>(FIXES_AFTER, [
        this.deviceId,
        timestampOf(last.timeMs),
        last.digest,
        PAGE_FIXES,
        UNTIMED_FLAGS,
      ]);
      for (const row of rows) {
        const stored = storedFixOf(row);
        last = stored.fix;
        yield stored;
      }
      if (rows.length < PAGE_FIXES) return;
    }
  }
}

function storedFixOf(row: FixRow): StoredFix {
  return {
    fix: {
      timeMs: row.time.getTime(),
      digest: row.digest,
      longitude: row.longitude,
      latitude: row.latitude,
      altitudeM: row.altitude_m,
      angleDeg: row.angle_deg,
      speedKmh: row.speed_kmh,
      ignition: row.ignition,
      movement: row.movement,
    },
    checkpoint: row.settled === null ? undefined : decodeState(row.settled),
  };
}
