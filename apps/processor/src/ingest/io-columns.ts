/** IO ids of the vendor's AVL tables that have columns of their own; metres, millivolts, and 0 or 1. */
export const TOTAL_ODOMETER = 16;
export const EXTERNAL_VOLTAGE = 66;
export const IGNITION = 239;
export const MOVEMENT = 240;

const MAX_INTEGER = 0x7fff_ffff;

/** Anything else than the two documented values is unknown, not on. */
export function onOrOff(value: number | undefined): boolean | null {
  return value === 0 || value === 1 ? value === 1 : null;
}

/** Two bytes by the vendor's tables; a device that sends more than the column holds says nothing that we know. */
export function millivolts(value: number | undefined): number | null {
  return value === undefined || value > MAX_INTEGER ? null : value;
}
