import {
  CodecError,
  decodeBeacons,
  type DeviceFamily,
  findIo,
  isBeaconList,
  type IoElement,
  valueOf,
} from '@app/teltonika-codec';
import { shownValue } from './io-sizes';

/** How values get their names; without a family only those that mean the same everywhere do. */
export interface Naming {
  readonly family: DeviceFamily | undefined;
}

/** The values of a record by name, signed and scaled; `io_<id>` and the raw value where the dictionary has no name. */
export function namedValues(io: readonly IoElement[], { family }: Naming): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (const element of io) {
    const definition = findIo(family, element.id);
    const value = definition === undefined ? undefined : (beaconsOf(element) ?? valueOf(definition, element));
    if (definition === undefined || value === undefined) named[`io_${element.id}`] = shownValue(element);
    else named[definition.name] = typeof value === 'bigint' ? value.toString() : value;
  }
  return named;
}

function beaconsOf(element: IoElement): object | undefined {
  if (element.size !== 'variable' || !isBeaconList(element.id)) return undefined;
  try {
    return decodeBeacons(element.id, element.value);
  } catch (error) {
    // A list that is cut short is shown as its bytes, like any value that the dictionary cannot read.
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
