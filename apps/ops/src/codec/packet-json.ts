import {
  type AvlPacket,
  type AvlRecord,
  CODEC_16,
  CODEC_8,
  CODEC_8_EXTENDED,
  type CommandMessage,
  type CommandPacket,
  type IoElement,
  type LegacyPacket,
  type LegacyRecord,
  textOf,
  type UdpHeader,
} from '@app/teltonika-codec';
import { shownValue, usualSize } from './io-sizes';
import { namedValues, type Naming } from './named-values';

const WIRE_DEGREES = 1e7;
const MAX_DATE_MS = 8.64e15;

/** Names of the codecs in the JSON. */
export const AVL_CODEC_NAMES = { [CODEC_8]: '8', [CODEC_8_EXTENDED]: '8E', [CODEC_16]: '16' } as const;

export interface AvlJsonOptions {
  readonly udp?: UdpHeader;
  /** Undefined: no `named` object. */
  readonly naming?: Naming;
}

/**
 * One AVL packet as one line of JSON. Written by hand where the elements stand: an object of JavaScript would sort the
 * ids and lose the first of two equal ones, and with it the way back to the same bytes.
 */
export function avlJson(packet: AvlPacket, { udp, naming }: AvlJsonOptions = {}): string {
  const hasVariableGroup = packet.codecId === CODEC_8_EXTENDED;
  const records = packet.records.map((record) => recordJson(record, hasVariableGroup, naming));
  return object([
    ['kind', text('avl')],
    ['codec', text(AVL_CODEC_NAMES[packet.codecId])],
    ...(udp === undefined ? [] : [['udp', JSON.stringify(udp)] as const]),
    ['records', `[${records.join(',')}]`],
  ]);
}

export function legacyJson({ records }: LegacyPacket, udp?: UdpHeader): string {
  const header = udp === undefined ? {} : { udp };
  return JSON.stringify({ kind: 'avl', codec: '7', ...header, records: records.map(legacyRecord) });
}

export function commandJson(packet: CommandPacket): string {
  const { codecId, messages, ...oddities } = packet;
  return JSON.stringify({
    kind: 'command',
    codec: String(codecId),
    messages: messages.map(messageOf),
    ...oddities,
  });
}

function recordJson(record: AvlRecord, hasVariableGroup: boolean, naming: Naming | undefined): string {
  const { generationType, declaredIoTotal, io } = record;
  const sizes = unusualSizes(io, hasVariableGroup);
  return object([
    ['timestamp', text(timestampText(record.timestampMs))],
    ['priority', String(record.priority)],
    ['longitude', String(record.longitude / WIRE_DEGREES)],
    ['latitude', String(record.latitude / WIRE_DEGREES)],
    ['altitude', String(record.altitudeM)],
    ['angle', String(record.angleDeg)],
    ['satellites', String(record.satellites)],
    ['speed', String(record.speedKmh)],
    ...(generationType === undefined ? [] : [['generationType', String(generationType)] as const]),
    ['eventIoId', String(record.eventIoId)],
    ['io', object(io.map((element) => [String(element.id), JSON.stringify(shownValue(element))]))],
    ...(sizes.length === 0 ? [] : [['ioSizes', object(sizes)] as const]),
    ...(declaredIoTotal === undefined ? [] : [['ioTotal', String(declaredIoTotal)] as const]),
    ...(naming === undefined ? [] : [['named', JSON.stringify(namedValues(io, naming))] as const]),
  ]);
}

/** The sizes of all elements of an id, where one of them is not what the way back would take it for. */
function unusualSizes(io: readonly IoElement[], hasVariableGroup: boolean): [string, string][] {
  const isUnusual = (element: IoElement) =>
    usualSize(element.id, shownValue(element), hasVariableGroup) !== element.size;
  const ids = new Set(io.filter(isUnusual).map(({ id }) => id));
  return io.filter(({ id }) => ids.has(id)).map(({ id, size }) => [String(id), JSON.stringify(size)]);
}

/** Beyond what a date holds: the milliseconds. */
function timestampText(timestampMs: number | bigint): string {
  return timestampMs <= MAX_DATE_MS ? new Date(Number(timestampMs)).toISOString() : String(timestampMs);
}

function messageOf({ type, payload, timestampS, imei, ...rest }: CommandMessage) {
  return {
    type,
    text: textOf({ type, payload, ...rest }),
    hex: payload.toString('hex'),
    ...(timestampS === undefined ? {} : { timestamp: new Date(timestampS * 1_000).toISOString() }),
    ...(imei === undefined ? {} : { imei }),
  };
}

/** Fields that the record's masks leave out are left out of the JSON. */
function legacyRecord(record: LegacyRecord) {
  const { priority, latitude, longitude, satellites, cell, signalQuality, operator, isFixValid } = record;
  return {
    timestamp: timestampText(record.timestampMs),
    ...{ priority, latitude, longitude, satellites, cell, signalQuality, operator, isFixValid },
    altitude: record.altitudeM,
    angle: record.angleDeg,
    speed: record.speedKmh,
    io: Object.fromEntries(record.io.map((element) => [element.id, shownValue(element)])),
  };
}

type Pair = readonly [key: string, json: string];

function object(pairs: readonly Pair[]): string {
  return `{${pairs.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
