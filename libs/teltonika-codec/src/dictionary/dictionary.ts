import type { IoElement } from '../record';
import { AUTONOMOUS, FT_PLATFORM } from './autonomous';
import { FMB } from './fmb';
import { PROFESSIONAL } from './professional';
import {
  EVERY_BUT_FT,
  FMB_AND_AUTONOMOUS,
  FMB_AND_PROFESSIONAL,
  PROFESSIONAL_AND_AUTONOMOUS,
} from './shared';

/** Devices that share one table of IO ids. Of the ids that two of them have, most mean different things. */
export type DeviceFamily = 'FMB' | 'PRO' | 'TAT' | 'FT';

export interface IoDefinition {
  readonly id: number;
  /** Unique in its family. */
  readonly name: string;
  readonly type: 'unsigned' | 'signed' | 'bytes' | 'text';
  /** Undefined: any number. */
  readonly bytes?: number;
  /** Raw value times this is the value in `unit`. */
  readonly multiplier: number;
  readonly unit?: string;
  readonly valueNames: ReadonlyMap<number, string>;
}

/** A value as its dictionary reads it; 8-byte integers are bigint, bytes lower-case hex. */
export type NamedValue = number | bigint | string;

type Table = ReadonlyMap<number, IoDefinition>;

const TYPES = { u: 'unsigned', s: 'signed', x: 'bytes', t: 'text' } as const;
const ZONE_EVENTS = '0:left,1:entered,2:overspeed ended,3:overspeed started';
const ROW = /^(\d+) (\w+) ([usxt])(\d*)(?: ([\d.]+))?(?: ([^ =]+))?(?: = (.+))?$/;

const TABLES: Readonly<Record<DeviceFamily, Table>> = {
  FMB: tableOf(EVERY_BUT_FT, FMB_AND_PROFESSIONAL, FMB_AND_AUTONOMOUS, FMB),
  PRO: tableOf(EVERY_BUT_FT, FMB_AND_PROFESSIONAL, PROFESSIONAL_AND_AUTONOMOUS, PROFESSIONAL),
  TAT: tableOf(EVERY_BUT_FT, FMB_AND_AUTONOMOUS, PROFESSIONAL_AND_AUTONOMOUS, AUTONOMOUS),
  FT: tableOf(FT_PLATFORM),
};

/** Ids that mean the same in every family that has them. */
const STABLE_IDS = [
  1, 2, 3, 21, 24, 66, 67, 78, 179, 180, 181, 182, 199, 200, 206, 239, 240, 241, 246, 247, 249, 250, 253, 254,
  255,
];
const STABLE: Table = new Map([...TABLES.FMB].filter(([id]) => STABLE_IDS.includes(id)));

/** The family of a family name or a model (`FMB`, `fmc130`, `FMB640`, `TAT100`, `FTC887`); undefined when not known. */
export function familyOf(model: string): DeviceFamily | undefined {
  const name = model.trim().toUpperCase();
  if (/^(PRO|FM[BCM]?6\d\d)/.test(name)) return 'PRO';
  if (/^FM[BCMUPT]?(\d|$)/.test(name)) return 'FMB';
  if (/^TAT/.test(name)) return 'TAT';
  return /^(FT[CM]?|ATC)(\d|$)/.test(name) ? 'FT' : undefined;
}

/** What an IO id means in a family; without a family, or where its table has no such id, what it means everywhere. */
export function findIo(family: DeviceFamily | undefined, id: number): IoDefinition | undefined {
  return (family === undefined ? undefined : TABLES[family].get(id)) ?? STABLE.get(id);
}

/** Every IO id that a family is known to have, in ascending order. */
export function ioDefinitions(family: DeviceFamily): IoDefinition[] {
  return [...new Map([...STABLE, ...TABLES[family]]).values()].sort((a, b) => a.id - b.id);
}

/**
 * The value with its sign and scale; undefined when the element is not as wide as the definition says, since it is
 * then another family's element of the same id.
 */
export function valueOf(definition: IoDefinition, element: IoElement): NamedValue | undefined {
  const { type, bytes } = definition;
  if (element.size === 'variable') {
    if (type === 'text') return element.value.toString('latin1');
    return type === 'bytes' ? element.value.toString('hex') : undefined;
  }
  if (bytes !== element.size) return undefined;
  if (element.size === 8) {
    return type === 'bytes' ? element.value.toString(16).padStart(16, '0') : element.value;
  }
  return scaled(
    type === 'signed' ? signed(element.value, element.size) : element.value,
    definition.multiplier,
  );
}

function signed(value: number, size: 1 | 2 | 4): number {
  const unusedBits = 32 - 8 * size;
  return (value << unusedBits) >> unusedBits;
}

/** A division, where the multiplier is a decimal fraction: 12874 times 0.001 is not 12.874. */
function scaled(value: number, multiplier: number): number {
  return multiplier >= 1 ? value * multiplier : value / Math.round(1 / multiplier);
}

function tableOf(...sources: readonly string[]): Table {
  const rows = sources.flatMap((source) => source.trim().split('\n'));
  return new Map(rows.map(definitionOf).map((definition) => [definition.id, definition]));
}

function definitionOf(row: string): IoDefinition {
  const [, id, name, type, bytes, multiplier, unit, values] = ROW.exec(row) ?? [];
  if (name === undefined || (type !== 'u' && type !== 's' && type !== 'x' && type !== 't')) {
    throw new TypeError(`not a row of the dictionary: ${row}`);
  }
  return {
    id: Number(id),
    name,
    type: TYPES[type],
    ...(bytes === '' ? {} : { bytes: Number(bytes) }),
    multiplier: Number(multiplier ?? 1),
    ...(unit === undefined ? {} : { unit }),
    valueNames: valueNamesOf(values === '@zone' ? ZONE_EVENTS : values),
  };
}

function valueNamesOf(values: string | undefined): ReadonlyMap<number, string> {
  const pairs = values?.split(',').map((pair): [number, string] => {
    const colon = pair.indexOf(':');
    return [Number(pair.slice(0, colon)), pair.slice(colon + 1)];
  });
  return new Map(pairs);
}
