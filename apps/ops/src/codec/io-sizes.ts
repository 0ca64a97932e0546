import { type DeviceFamily, findIo, type IoElement } from '@app/teltonika-codec';

export type IoSize = IoElement['size'];

const FAMILIES: readonly DeviceFamily[] = ['FMB', 'TAT', 'PRO', 'FT'];
const FIXED_SIZES = [1, 2, 4] as const;
const MAX_U64 = 2n ** 64n - 1n;

/** What the JSON shows of an element's value. */
export function shownValue(element: IoElement): number | string {
  if (element.size === 'variable') return element.value.toString('hex');
  return element.size === 8 ? element.value.toString() : element.value;
}

/**
 * The group that a value of the JSON goes into where nothing else says so: the JSON has a number for 1, 2 and 4 bytes,
 * and a string for 8 bytes (decimal) as for variable ones (hex). The dictionary decides, else what the value looks like.
 * Both directions use it: decoding notes the sizes that come out differently.
 */
export function usualSize(id: number, shown: number | string, hasVariableGroup: boolean): IoSize {
  if (typeof shown === 'number') return usualFixedSize(id, shown);
  if (!hasVariableGroup) return 8;
  const definition = FAMILIES.map((family) => findIo(family, id)).find((found) => found !== undefined);
  const isDecimal = /^(0|[1-9]\d{0,19})$/.test(shown) && BigInt(shown) <= MAX_U64;
  if (definition === undefined || definition.bytes === 8) return isDecimal ? 8 : 'variable';
  return definition.type === 'bytes' || definition.type === 'text' || !isDecimal ? 'variable' : 8;
}

function usualFixedSize(id: number, value: number): IoSize {
  const documented = FAMILIES.map((family) => findIo(family, id)?.bytes);
  const candidates = [...documented, ...FIXED_SIZES];
  return FIXED_SIZES.find((size) => size === candidates.find((bytes) => holds(bytes, value))) ?? 4;
}

function holds(bytes: number | undefined, value: number): boolean {
  return (bytes === 1 || bytes === 2 || bytes === 4) && value < 2 ** (8 * bytes);
}
