import { BoundedMap } from './bounded-map';

/** More devices than this with a bad frame at once are not told apart for ever; the oldest is forgotten first. */
const MAX_DEVICES = 10_000;

export interface Repeat {
  /** How often this very frame came in a row, this time included. */
  readonly count: number;
  readonly firstAtMs: number;
}

/**
 * Counts identical frames with a bad CRC in a row, by device and not by connection: many devices reconnect after a
 * refused packet and would never reach the third time.
 */
export class CrcRepeats {
  private readonly latest = new BoundedMap<string, Repeat & { readonly digest: bigint }>(MAX_DEVICES);

  note(imei: string, digest: bigint, nowMs: number): Repeat {
    const before = this.latest.get(imei);
    const isSame = before?.digest === digest;
    const repeat = {
      digest,
      count: isSame ? before.count + 1 : 1,
      firstAtMs: isSame ? before.firstAtMs : nowMs,
    };
    this.latest.set(imei, repeat);
    return repeat;
  }

  /** A frame of the device got through. */
  clear(imei: string): void {
    if (this.latest.size > 0) this.latest.delete(imei);
  }
}
