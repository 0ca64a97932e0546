import { ACCEPTED_VERSIONS, isStorableTime, type RecordDigest } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { bytes, type StreamEntry, text } from '@app/common/streams';
import { AvlWalk, CodecError, RecordFlag, type WalkedRecord } from '@app/teltonika-codec';
import { PositionFlag, type SinkEntry, type TelemetryRecord, timeFlags } from '../sink';
import { EXTERNAL_VOLTAGE, IGNITION, millivolts, MOVEMENT, onOrOff, TOTAL_ODOMETER } from './io-columns';
import { legacyRow, readLegacy } from './legacy-records';

const MAX_LONGITUDE = 1_800_000_000;
const MAX_LATITUDE = 900_000_000;

/** Turns stream entries into what the sink stores. One for each lane: the walk inside it is reused. */
export class FrameDecoder {
  private readonly walk = new AvlWalk();

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
  private records(frame: Buffer, isUdp: boolean, receivedAtMs: number): TelemetryRecord[] {
    try {
      const legacy = readLegacy(frame, isUdp);
      if (legacy !== undefined) return legacy.map((record) => legacyRow(record, receivedAtMs, this.digest));
      const walked = isUdp ? this.walk.readDatagram(frame) : this.walk.read(frame);
      return walked.map((record) => this.recordOf(record, receivedAtMs));
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

  private recordOf(record: WalkedRecord, receivedAtMs: number): TelemetryRecord {
    const isStorable = isStorableTime(record.timestampMs);
    const { longitude, latitude, altitudeM, angleDeg, speedKmh, satellites, priority, eventIoId } = record;
    return {
      timeMs: isStorable ? record.timestampMs : Number.POSITIVE_INFINITY,
      rawTimeMs: isStorable ? null : this.walk.timestampExactMs(record),
      digest: this.digest(this.walk.recordBytes(record)),
      longitude,
      latitude,
      altitudeM,
      angleDeg,
      speedKmh,
      satellites,
      priority,
      eventIoId,
      fixValid: record.isFixValid,
      ignition: onOrOff(record.io(IGNITION)),
      movement: onOrOff(record.io(MOVEMENT)),
      odometerM: record.io(TOTAL_ODOMETER) ?? null,
      externalVoltageMv: millivolts(record.io(EXTERNAL_VOLTAGE)),
      codec: this.walk.codecId ?? 0,
      flags: positionFlags(record) | timeFlags(record.timestampMs, receivedAtMs),
      io: this.walk.ioBytes(record),
    };
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
