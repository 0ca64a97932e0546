import {
  CODEC_8,
  CODEC_8_EXTENDED,
  crc16,
  encodeAvl,
  type AvlCodecId,
  type AvlRecord,
  type IoElement,
} from '@app/teltonika-codec';
import { type Measurement } from './journey';
import { placeOf, type Place } from './plane';
import { type Random } from './random';

/** AVL ids that the simulated trackers send. */
export const IO = {
  odometer: 16,
  gsmSignal: 21,
  externalVoltage: 66,
  iButton: 78,
  ignition: 239,
  movement: 240,
  vin: 256,
} as const;

/** A record as it goes over the wire, with the facts that the oracle needs. */
export interface TrackerRecord {
  readonly timeMs: number;
  /** Wire integer, degrees x 1e7. */
  readonly longitude: number;
  readonly latitude: number;
  readonly satellites: number;
  readonly speedKmh: number;
  /** The record's bytes inside a frame; its digest is over these. */
  readonly bytes: Buffer;
}

export interface TrackerModel {
  readonly codecId: AvlCodecId;
  readonly vin: string;
  /** Above 2^53: a decoder that goes through a double changes it. */
  readonly iButton: bigint;
}

/** Vehicles with an even number speak codec 8, the others codec 8 Extended. */
export function modelOf(index: number, random: Random): TrackerModel {
  const serial = String(random.integer(0, 999_999)).padStart(6, '0');
  return {
    codecId: index % 2 === 0 ? CODEC_8 : CODEC_8_EXTENDED,
    vin: `DEMOVEHICLE${serial}`,
    iButton: 0xf1c4_0000_0000_0000n | BigInt(random.integer(0, 0xffff_ffff)),
  };
}

export interface RecordCircumstances {
  readonly timeMs: number;
  readonly eventIoId: number;
  /** No fix: position of the last one, or none at all. */
  readonly fix: 'good' | 'stale' | 'none';
  /** Shifts the position, as a reflected signal does. */
  readonly offsetM: number;
}

const GPS_NOISE_M = 4;
const WIRE_DEGREES = 1e7;

export function recordOf(
  model: TrackerModel,
  centre: Place,
  measured: Measurement,
  { timeMs, eventIoId, fix, offsetM }: RecordCircumstances,
  random: Random,
): TrackerRecord {
  const place = placeOf(centre, {
    eastM: measured.position.eastM + random.normal(GPS_NOISE_M) + offsetM,
    northM: measured.position.northM + random.normal(GPS_NOISE_M) + offsetM,
  });
  const hasPlace = fix !== 'none';
  const hasFix = fix === 'good';
  const record: AvlRecord = {
    timestampMs: timeMs,
    priority: eventIoId === 0 ? 0 : 1,
    longitude: hasPlace ? Math.round(place.longitude * WIRE_DEGREES) : 0,
    latitude: hasPlace ? Math.round(place.latitude * WIRE_DEGREES) : 0,
    altitudeM: hasPlace ? Math.round(120 + measured.position.northM / 200) : 0,
    angleDeg: hasFix ? measured.angleDeg : 0,
    satellites: hasFix ? random.integer(6, 17) : 0,
    speedKmh: hasFix ? measured.speedKmh : 0,
    eventIoId,
    io: elementsOf(model, measured, eventIoId, random),
  };
  const { longitude, latitude, satellites, speedKmh } = record;
  return { timeMs, longitude, latitude, satellites, speedKmh, bytes: recordBytes(model.codecId, record) };
}

function elementsOf(
  { codecId, vin, iButton }: TrackerModel,
  { ignition, movement, odometerM }: Measurement,
  eventIoId: number,
  random: Random,
): IoElement[] {
  const voltageMv = (ignition ? 13_900 : 12_500) + random.integer(-150, 150);
  const elements: IoElement[] = [
    { id: IO.ignition, size: 1, value: ignition ? 1 : 0 },
    { id: IO.movement, size: 1, value: movement ? 1 : 0 },
    { id: IO.gsmSignal, size: 1, value: random.integer(1, 5) },
    { id: IO.externalVoltage, size: 2, value: voltageMv },
    { id: IO.odometer, size: 4, value: odometerM },
  ];
  if (eventIoId !== 0) elements.push({ id: IO.iButton, size: 8, value: iButton });
  if (codecId === CODEC_8_EXTENDED && (eventIoId !== 0 || random.chance(0.1))) {
    elements.push({ id: IO.vin, size: 'variable', value: Buffer.from(vin, 'latin1') });
  }
  return elements;
}

/** Preamble, length, codec id and N1 before the records; N2 and the CRC behind them. */
const HEAD_BYTES = 10;
const TAIL_BYTES = 5;
export const FRAME_EXTRA_BYTES = HEAD_BYTES + TAIL_BYTES;

/** The only record of a frame is what lies between the counts. */
function recordBytes(codecId: AvlCodecId, record: AvlRecord): Buffer {
  const frame = encodeAvl({ codecId, records: [record] });
  return frame.subarray(HEAD_BYTES, frame.length - TAIL_BYTES);
}

/** A frame around records that are encoded already; `extra` bytes behind the records make it undecodable. */
export function frameOf(
  codecId: AvlCodecId,
  records: readonly TrackerRecord[],
  extra = Buffer.alloc(0),
): Buffer {
  const count = Buffer.from([records.length]);
  const data = Buffer.concat([
    Buffer.from([codecId]),
    count,
    ...records.map(({ bytes }) => bytes),
    extra,
    count,
  ]);
  const frame = Buffer.alloc(8 + data.length + 4);
  frame.writeUInt32BE(data.length, 4);
  data.copy(frame, 8);
  frame.writeUInt32BE(crc16(data, 0, data.length), 8 + data.length);
  return frame;
}

/** The same frame as a line error leaves it: one bit of the last record's bytes is other than its CRC says. */
export function damaged(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  const at = copy.length - TAIL_BYTES - 1;
  copy[at] = (copy[at] ?? 0) ^ 0x40;
  return copy;
}
