import { Upload } from './upload-gate';

/** Longer than any store could take to come back with less than it had: what is older has been looked at. */
const KEPT_MS = 3_600_000;
const DASH = 0x2d;
const ZERO = 0x30;

/**
 * The last entry id that a device was given an ack for. As numbers, written over: an id as the reply has it holds on to
 * the whole reply, and one for each device would make every collection of garbage move them all.
 */
export class GivenId {
  ms = 0;
  private sequence = 0;
  readonly upload = new Upload();

  /** @param id `<milliseconds>-<sequence>` */
  note(id: string): void {
    let [ms, value] = [0, 0];
    for (let at = 0; at < id.length; at += 1) {
      const code = id.charCodeAt(at);
      if (code === DASH) [ms, value] = [value, 0];
      else value = value * 10 + (code - ZERO);
    }
    this.ms = ms;
    this.sequence = value;
  }

  get text(): string {
    return `${this.ms}-${this.sequence}`;
  }
}

/** The last ids of all devices, by the stream that they are in. */
export class GivenIds {
  private readonly byStream = new Map<string, Map<string, GivenId>>();

  /** That of a device, to be written over with every ack. */
  of(stream: string, imei: string): GivenId {
    const ids = this.byStream.get(stream) ?? new Map<string, GivenId>();
    this.byStream.set(stream, ids);
    const known = ids.get(imei);
    if (known !== undefined) return known;
    const fresh = new GivenId();
    ids.set(imei, fresh);
    return fresh;
  }

  /** Of each stream the last ids by IMEI. */
  get streams(): readonly (readonly [stream: string, ids: ReadonlyMap<string, string>])[] {
    return [...this.byStream].map(([stream, ids]) => [
      stream,
      new Map([...ids].filter(([, { ms }]) => ms > 0).map(([imei, { text }]) => [imei, text])),
    ]);
  }

  /** Forgets devices that have sent nothing for long; one that goes on after that is not followed before its next login. */
  prune(): void {
    for (const ids of this.byStream.values()) {
      let newestMs = 0;
      for (const { ms } of ids.values()) newestMs = Math.max(newestMs, ms);
      for (const [imei, { ms }] of ids) if (ms < newestMs - KEPT_MS) ids.delete(imei);
    }
  }
}
