import { type RecordDigest } from '@app/common/contracts';
import {
  codec7Block,
  CODEC_7,
  decodeCodec7,
  decodeCodec7Datagram,
  isCodec7,
  isCodec7Datagram,
  type LegacyRecord,
} from '@app/teltonika-codec';
import { PositionFlag, type TelemetryRecord, timeFlags } from '../sink';
import { EXTERNAL_VOLTAGE, IGNITION, millivolts, MOVEMENT, onOrOff, TOTAL_ODOMETER } from './io-columns';

const WIRE_DEGREES = 1e7;

/** The records of a frame or channel packet of codec 7; undefined for one of another codec. Throws CodecError. */
export function readLegacy(frame: Buffer, isUdp: boolean): readonly LegacyRecord[] | undefined {
  if (isUdp) return isCodec7Datagram(frame) ? decodeCodec7Datagram(frame).records : undefined;
  return isCodec7(frame) ? decodeCodec7(frame).records : undefined;
}

/**
 * A record of codec 7 as the later codecs would have sent it: coordinates x 1e7, no event. A speed that its masks leave
 * out is unknown; what they leave out of columns that must have a value is 0 there, and the block in `io` says what was
 * sent.
 */
export function legacyRow(record: LegacyRecord, receivedAtMs: number, digest: RecordDigest): TelemetryRecord {
  const { timestampMs, priority, altitudeM = 0, angleDeg = 0, speedKmh = null, satellites = 0 } = record;
  const place = placeOf(record);
  const io = new Map(record.io.map(({ id, value }) => [id, Number(value)]));
  return {
    timeMs: timestampMs,
    rawTimeMs: null,
    digest: digest(record.bytes),
    ...place,
    altitudeM,
    angleDeg: Math.round(angleDeg),
    speedKmh,
    satellites,
    priority,
    eventIoId: 0,
    fixValid: record.isFixValid,
    ignition: onOrOff(io.get(IGNITION)),
    movement: onOrOff(io.get(MOVEMENT)),
    odometerM: io.get(TOTAL_ODOMETER) ?? null,
    externalVoltageMv: millivolts(io.get(EXTERNAL_VOLTAGE)),
    codec: CODEC_7,
    flags: place.flags | timeFlags(timestampMs, receivedAtMs),
    io: codec7Block(record),
  };
}

/** A float can be off the globe, and beyond the columns, and no number at all; such a place is 0/0 and flagged. */
function placeOf({ longitude = 0, latitude = 0 }: LegacyRecord) {
  const isOnGlobe = Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90;
  if (!isOnGlobe) return { longitude: 0, latitude: 0, flags: PositionFlag.coordinatesOutOfRange };
  return { longitude: wire(longitude), latitude: wire(latitude), flags: 0 };
}

const wire = (degrees: number): number => Math.round(degrees * WIRE_DEGREES);
