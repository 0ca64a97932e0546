import { ACCEPTED_VERSIONS, isStorableTime, type RecordDigest } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { bytes, type StreamEntry, text } from '@app/common/streams';
import { AvlWalk, CodecError, RECORD_HEAD_BYTES, RecordFlag, type WalkedRecord } from '@app/teltonika-codec';
import {
  PositionFlag,
  RecordColumns,
  RecordRows,
  rowsOf,
  type SinkEntry,
  switchNumber,
  timeFlags,
  UNKNOWN_VOLTAGE,
} from '../sink';
import { EXTERNAL_VOLTAGE, IGNITION, millivolts, MOVEMENT, onOrOff, TOTAL_ODOMETER } from './io-columns';
import { legacyRow, readLegacy } from './legacy-records';

const MAX_LONGITUDE = 1_800_000_000;
const MAX_LATITUDE = 900_000_000;

/** Turns stream entries into what the sink stores. One for each lane: the walk inside it is reused, the columns are not. */
export class FrameDecoder {
  private readonly walk = new AvlWalk();
  private block = new RecordColumns();

  constructor(private readonly digest: RecordDigest) {}

  /**
   * @throws OdographError CONTRACT_MISMATCH for an entry of a version that is not read here, FRAME_UNDECODABLE for one
   * whose fields or whose frame are not what they should be.
   */
  decode(entry: StreamEntry): SinkEntry {
    const version = text(entry, 'v');
    if (version === undefined || !ACCEPTED_VERSIONS.has(version)) {
      throw new OdographError('CONTRACT_MISMATCH', {
        detail: `the entry has version ${version ?? '(none)'}`,
      });
    }
    const imei = text(entry, 'imei');
    const frame = bytes(entry, 'frame');
    const receivedAtMs = Number(text(entry, 'received_at') ?? NaN);
    if (imei === undefined || frame === undefined || !isArrivalTime(receivedAtMs)) {
      throw new OdographError('FRAME_UNDECODABLE', {
        detail: 'imei, frame or received_at is missing or wrong',
      });
    }
    return {
      imei,
      receivedAtMs,
      traceparent: text(entry, 'traceparent'),
      records: this.records(frame, text(entry, 'transport') === 'udp', receivedAtMs),
    };
  }

  /** Over UDP the frame is a channel packet as it came: without preamble and CRC. */
  private records(frame: Buffer, isUdp: boolean, receivedAtMs: number): RecordRows {
    try {
      const legacy = readLegacy(frame, isUdp);
      if (legacy !== undefined) {
        return rowsOf(legacy.map((record) => legacyRow(record, receivedAtMs, this.digest)));
      }
      const walked = isUdp ? this.walk.readDatagram(frame) : this.walk.read(frame);
      if (this.block.room < walked.length) this.block = new RecordColumns();
      const first = this.block.length;
      for (const record of walked) this.add(record, receivedAtMs);
      return new RecordRows(this.block, frame, { first, length: walked.length });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      throw new OdographError('FRAME_UNDECODABLE', {
        detail: `${error.code}: ${error.message}`,
        cause: error,
      });
    } finally {
      this.walk.release();
    }
  }

  private add(record: WalkedRecord, receivedAtMs: number): void {
    const { block, walk } = this;
    const row = block.length;
    const { timestampMs } = record;
    const isStorable = isStorableTime(timestampMs);
    block.timeMs[row] = isStorable ? timestampMs : Number.POSITIVE_INFINITY;
    if (!isStorable) block.rawTimeMs[row] = walk.timestampExactMs(record);
    block.digest[row] = this.digest(walk.recordBytes(record));
    block.longitude[row] = record.longitude;
    block.latitude[row] = record.latitude;
    block.altitudeM[row] = record.altitudeM;
    block.angleDeg[row] = record.angleDeg;
    block.satellites[row] = record.satellites;
    block.speedKmh[row] = record.speedKmh;
    block.fixValid[row] = record.isFixValid ? 1 : 0;
    block.priority[row] = record.priority;
    block.eventIoId[row] = record.eventIoId;
    block.ignition[row] = switchNumber(onOrOff(record.io(IGNITION)));
    block.movement[row] = switchNumber(onOrOff(record.io(MOVEMENT)));
    block.odometerM[row] = record.io(TOTAL_ODOMETER) ?? NaN;
    block.externalVoltageMv[row] = millivolts(record.io(EXTERNAL_VOLTAGE)) ?? UNKNOWN_VOLTAGE;
    block.codec[row] = walk.codecId ?? 0;
    block.flags[row] = positionFlags(record) | timeFlags(timestampMs, receivedAtMs);
    block.ioStart[row] = record.recordStart + RECORD_HEAD_BYTES;
    block.ioEnd[row] = record.recordEnd;
    block.length = row + 1;
  }
}

function positionFlags({ flags, longitude, latitude }: WalkedRecord): number {
  const isOffGlobe = Math.abs(longitude) > MAX_LONGITUDE || Math.abs(latitude) > MAX_LATITUDE;
  return (
    (flags & RecordFlag.ioTotalMismatch ? PositionFlag.ioTotalMismatch : 0) |
    (flags & RecordFlag.unknownPriority ? PositionFlag.unknownPriority : 0) |
    (isOffGlobe ? PositionFlag.coordinatesOutOfRange : 0)
  );
}

const isArrivalTime = (ms: number): boolean => Number.isSafeInteger(ms) && ms >= 0 && isStorableTime(ms);
