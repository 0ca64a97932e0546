import { crc16 } from '@app/teltonika-codec';

/** Numbers that follow from a seed alone (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer of 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<Item>(items: readonly Item[], otherwise: Item): Item {
    return items[this.below(items.length)] ?? otherwise;
  }
}

const EMPTY = Buffer.alloc(0);
const ODD_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
const MAX_CHANGES = 4;

/** One to four changes to a frame of the corpus, then mostly a right length and CRC, so that what is inside is reached. */
export function mutate(frames: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(frames, EMPTY));
  // One change more often than two, and so on: most of what is changed a lot is refused at its first byte.
  for (let left = 1 + random.below(1 + random.below(MAX_CHANGES)); left > 0; left--)
    bytes = change(bytes, frames, random);
  return random.below(4) === 0 ? bytes : sealed(bytes);
}

function change(bytes: Buffer, frames: readonly Buffer[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(8);
  switch (random.below(7)) {
    case 0:
      return written(bytes, at, random.below(256));
    case 1:
      return written(bytes, at, random.pick(ODD_BYTES, 0));
    case 2:
      return written(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - length)), EMPTY]);
    case 5:
      return bytes.subarray(0, at);
    default: {
      const other = random.pick(frames, EMPTY);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }
}

function written(bytes: Buffer, at: number, byte: number): Buffer {
  if (at < bytes.length) bytes[at] = byte;
  return bytes;
}

function sealed(bytes: Buffer): Buffer {
  if (bytes.length < 15 || bytes.length > 0xffff) return bytes;
  const isDatagram = bytes.readUInt32BE(0) !== 0;
  const copy = Buffer.from(bytes);
  if (isDatagram) {
    copy.writeUInt16BE(copy.length - 2, 0);
    return copy;
  }
  copy.writeUInt32BE(copy.length - 12, 4);
  copy.writeUInt32BE(crc16(copy, 8, copy.length - 4), copy.length - 4);
  return copy;
}
