import { addedAtMs } from '@app/common/streams';

/** Longer than any store could take to come back with less than it had: what is older has been looked at. */
const KEPT_MS = 3_600_000;

/** The last entry that each device was given an ack for, by the stream that it is in. */
export class GivenIds {
  private readonly byStream = new Map<string, Map<string, string>>();

  /** Last ids by IMEI, for writing. */
  of(stream: string): Map<string, string> {
    const found = this.byStream.get(stream);
    if (found !== undefined) return found;
    const ids = new Map<string, string>();
    this.byStream.set(stream, ids);
    return ids;
  }

  get streams(): readonly [stream: string, ids: ReadonlyMap<string, string>][] {
    return [...this.byStream];
  }

  /** Forgets devices that have sent nothing for long. */
  prune(): void {
    for (const ids of this.byStream.values()) {
      let newestMs = 0;
      for (const id of ids.values()) newestMs = Math.max(newestMs, addedAtMs(id));
      for (const [imei, id] of ids) if (addedAtMs(id) < newestMs - KEPT_MS) ids.delete(imei);
    }
  }
}
