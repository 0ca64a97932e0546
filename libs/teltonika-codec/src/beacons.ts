import { readI16, readU16, readU8, viewOf } from './bytes';
import { CodecError } from './errors';

/** The list of beacons that a scan found, up to firmware without the advanced list. */
export const BEACON_LIST = 385;
/** Lists of {length, tagged values}: advanced list, near, far, lost or found, and the list of the FT platform. */
export const TAGGED_BEACON_LISTS: readonly number[] = [548, 10828, 10829, 10831, 11317];

/** One beacon. A value is there when its presence bit, or its tag, is there: a missing one is unknown, not 0. */
export interface Beacon {
  readonly kind: 'ibeacon' | 'eddystone' | 'tagged';
  /** iBeacon: UUID, 32 hex digits. */
  readonly uuid?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Eddystone: 20 and 12 hex digits. */
  readonly namespace?: string;
  readonly instance?: string;
  /** Tagged lists: the identifier as the beacon sends it, hex. */
  readonly id?: string;
  readonly rssiDbm?: number;
  readonly batteryMv?: number;
  readonly isBatteryLow?: boolean;
  /** As sent: whole degrees Celsius in list 385; the tagged lists do not say their step. */
  readonly temperatureRaw?: number;
  readonly humidityPercent?: number;
  readonly hasMagnet?: boolean;
  readonly isMoving?: boolean;
  readonly movementCount?: number;
  readonly pitchDeg?: number;
  readonly rollDeg?: number;
  readonly name?: string;
  /** 12 hex digits. */
  readonly mac?: string;
  /** Manufacturer data of a tagged list, hex. */
  readonly extra?: string;
}

export interface BeaconScan {
  /** List 385: this part of so many; a scan that does not fit one record is spread over several. */
  readonly part?: number;
  readonly parts?: number;
  /** Empty for a scan that found none. */
  readonly beacons: readonly Beacon[];
}

export function isBeaconList(ioId: number): boolean {
  return ioId === BEACON_LIST || TAGGED_BEACON_LISTS.includes(ioId);
}

/** Reads the bytes of a beacon list. Throws RECORD_OVERRUN, and NOT_ENCODABLE for an IO id that is no beacon list. */
export function decodeBeacons(ioId: number, value: Uint8Array): BeaconScan {
  if (ioId === BEACON_LIST) return readList(value);
  if (TAGGED_BEACON_LISTS.includes(ioId)) return readTaggedList(value);
  throw new CodecError('NOT_ENCODABLE', `IO ${ioId} is no list of beacons`);
}

const HAS_RSSI = 1;
const HAS_BATTERY = 2;
const HAS_TEMPERATURE = 4;
const IS_IBEACON = 0x20;
const IBEACON_BYTES = 20;
const EDDYSTONE_BYTES = 16;
const NAMESPACE_BYTES = 10;
const UUID_BYTES = 16;

function readList(value: Uint8Array): BeaconScan {
  if (value.length === 0) return { beacons: [] };
  const header = readU8(value, 0);
  const beacons: Beacon[] = [];
  for (let at = 1; at < value.length;) {
    const flags = readU8(value, at);
    const idAt = at + 1;
    const rssiAt = idAt + (flags & IS_IBEACON ? IBEACON_BYTES : EDDYSTONE_BYTES);
    const batteryAt = rssiAt + (flags & HAS_RSSI ? 1 : 0);
    const temperatureAt = batteryAt + (flags & HAS_BATTERY ? 2 : 0);
    const end = temperatureAt + (flags & HAS_TEMPERATURE ? 2 : 0);
    if (end > value.length) throw overrun('a beacon runs past the list', at);
    beacons.push({
      ...(flags & IS_IBEACON ? ibeaconAt(value, idAt) : eddystoneAt(value, idAt)),
      ...(flags & HAS_RSSI ? { rssiDbm: readI8(value, rssiAt) } : {}),
      ...(flags & HAS_BATTERY ? { batteryMv: readU16(value, batteryAt) } : {}),
      ...(flags & HAS_TEMPERATURE ? { temperatureRaw: readI16(value, temperatureAt) } : {}),
    });
    at = end;
  }
  return { part: header >> 4, parts: header & 0x0f, beacons };
}

function ibeaconAt(value: Uint8Array, at: number): Beacon {
  const majorAt = at + UUID_BYTES;
  return {
    kind: 'ibeacon',
    uuid: hex(value, at, majorAt),
    major: readU16(value, majorAt),
    minor: readU16(value, majorAt + 2),
  };
}

function eddystoneAt(value: Uint8Array, at: number): Beacon {
  const instanceAt = at + NAMESPACE_BYTES;
  const end = at + EDDYSTONE_BYTES;
  return { kind: 'eddystone', namespace: hex(value, at, instanceAt), instance: hex(value, instanceAt, end) };
}

/** A header byte, then for each beacon a length and its tags {u8 tag, u8 length, value}. */
function readTaggedList(value: Uint8Array): BeaconScan {
  const beacons: Beacon[] = [];
  for (let at = 1; at < value.length;) {
    const end = at + 1 + readU8(value, at);
    if (end > value.length) throw overrun('a beacon runs past the list', at);
    beacons.push(readTags(value, at + 1, end));
    at = end;
  }
  return { beacons };
}

function readTags(value: Uint8Array, start: number, end: number): Beacon {
  let beacon: Beacon = { kind: 'tagged' };
  for (let at = start; at < end;) {
    const valueAt = at + 2;
    if (valueAt > end) throw overrun('a tag runs past its beacon', at);
    const valueEnd = valueAt + readU8(value, at + 1);
    if (valueEnd > end) throw overrun('the value of a tag runs past its beacon', at);
    const read = TAGS.get(readU8(value, at));
    // A tag of another width than the documented one is as unknown as a tag without a reader.
    if (read !== undefined && (read.bytes === undefined || read.bytes === valueEnd - valueAt)) {
      beacon = { ...beacon, ...read.of(value, valueAt, valueEnd) };
    }
    at = valueEnd;
  }
  return beacon;
}

interface Tag {
  /** Undefined: any number of bytes. */
  readonly bytes?: number;
  readonly of: (value: Uint8Array, at: number, end: number) => Partial<Beacon>;
}

const LOW_BATTERY_BIT = 0x40;
const VOLTAGE_BIT = 0x80;

const TAGS: ReadonlyMap<number, Tag> = new Map<number, Tag>([
  [0, { bytes: 1, of: (value, at) => ({ rssiDbm: readI8(value, at) }) }],
  [1, { of: (value, at, end) => ({ id: hex(value, at, end) }) }],
  [2, { of: (value, at, end) => ({ extra: hex(value, at, end), ...batteryOf(value, at, end) }) }],
  [5, { of: (value, at, end) => ({ name: viewOf(value, at, end).toString('latin1') }) }],
  [6, { bytes: 2, of: (value, at) => ({ temperatureRaw: readI16(value, at) }) }],
  [7, { bytes: 1, of: (value, at) => ({ humidityPercent: readU8(value, at) }) }],
  [8, { bytes: 1, of: (value, at) => ({ hasMagnet: readU8(value, at) !== 0 }) }],
  [9, { bytes: 1, of: (value, at) => ({ isMoving: readU8(value, at) !== 0 }) }],
  [10, { bytes: 2, of: (value, at) => ({ movementCount: readU16(value, at) }) }],
  [11, { bytes: 1, of: (value, at) => ({ pitchDeg: readI8(value, at) }) }],
  [12, { bytes: 2, of: (value, at) => ({ rollDeg: readI16(value, at) }) }],
  [13, { bytes: 1, of: (value, at) => ({ isBatteryLow: readU8(value, at) !== 0 }) }],
  [14, { bytes: 2, of: (value, at) => ({ batteryMv: readU16(value, at) }) }],
  [15, { bytes: 6, of: (value, at, end) => ({ mac: hex(value, at, end) }) }],
]);

/** The first byte of the extra data is a mask; with its highest bit set the voltage follows. */
function batteryOf(value: Uint8Array, at: number, end: number): Partial<Beacon> {
  if (at === end) return {};
  const flags = readU8(value, at);
  const hasVoltage = (flags & VOLTAGE_BIT) !== 0 && at + 1 < end;
  return {
    isBatteryLow: (flags & LOW_BATTERY_BIT) !== 0,
    ...(hasVoltage ? { batteryMv: 2_000 + 10 * readU8(value, at + 1) } : {}),
  };
}

function readI8(value: Uint8Array, at: number): number {
  return (readU8(value, at) << 24) >> 24;
}

function hex(value: Uint8Array, start: number, end: number): string {
  return viewOf(value, start, end).toString('hex');
}

function overrun(message: string, offset: number): CodecError {
  return new CodecError('RECORD_OVERRUN', message, offset);
}
