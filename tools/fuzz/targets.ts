import {
  AvlWalk,
  CODEC_7,
  codec7Block,
  CodecError,
  decodeAck,
  decodeAvl,
  decodeBeacons,
  decodeCodec7,
  decodeCodec7Datagram,
  decodeCommand,
  decodeLogin,
  decodeUdp,
  decodeUdpAck,
  encodeAvl,
  encodeCommand,
  encodeLogin,
  encodeUdp,
  FrameReader,
  isBeaconList,
  readIoBlock,
  splitDatagram,
  TAGGED_BEACON_LISTS,
} from '@app/teltonika-codec';
import { type Random } from './mutate';

/** What one target made of the bytes. */
export type Outcome = 'accepted' | 'refused';

export type Target = (bytes: Buffer, random: Random) => void;

const GUARD_BYTES = 64;
const walk = new AvlWalk();

/**
 * The bytes in the middle of memory that a second view fills differently: a read before or past them changes what the
 * target says, which `isIndependent` sees.
 */
export function guarded(bytes: Buffer, filler: number): Buffer {
  const memory = Buffer.alloc(bytes.length + 2 * GUARD_BYTES, filler);
  bytes.copy(memory, GUARD_BYTES);
  return memory.subarray(GUARD_BYTES, GUARD_BYTES + bytes.length);
}

/** Accepted or refused; any error of another type than the library's own is a finding and goes up. */
export function outcomeOf(target: Target, bytes: Buffer, random: Random): Outcome {
  try {
    target(bytes, random);
    return 'accepted';
  } catch (error) {
    if (error instanceof CodecError) return 'refused';
    throw error;
  }
}

export class Finding extends Error {}

/** Everything of the library that takes bytes from outside. */
export const TARGETS: Readonly<Record<string, Target>> = {
  framing: readInPieces,
  walk: (bytes) => {
    for (const record of walk.read(bytes)) readIoBlock(walk.ioBytes(record), walk.codecId ?? 0);
  },
  datagramWalk: (bytes) => {
    walk.readDatagram(bytes);
  },
  avl: (bytes) => expectSame(encodeAvl(decodeAvl(bytes)), bytes),
  udp: (bytes) => {
    splitDatagram(bytes);
    expectSame(Buffer.concat(decodeUdp(bytes).map(encodeUdp)), bytes);
  },
  command: (bytes) => expectSame(encodeCommand(decodeCommand(bytes)), bytes),
  codec7: (bytes) => {
    for (const record of decodeCodec7(bytes).records) readIoBlock(codec7Block(record), CODEC_7);
  },
  codec7Datagram: (bytes) => {
    decodeCodec7Datagram(bytes);
  },
  login: (bytes) => expectSame(encodeLogin(decodeLogin(bytes)), bytes),
  acks: (bytes) => {
    if (bytes.length === 4) decodeAck(bytes);
    else decodeUdpAck(bytes);
  },
  beacons: (bytes) => {
    decodeBeacons(385, bytes);
  },
  taggedBeacons: (bytes, random) => {
    decodeBeacons(random.pick(TAGGED_BEACON_LISTS, 548), bytes);
  },
  beaconsInRecords: (bytes) => {
    for (const { id, value } of decodeAvl(bytes).records.flatMap(({ io }) => io)) {
      if (isBeaconList(id) && Buffer.isBuffer(value)) decodeBeacons(id, value);
    }
  },
};

/** What is accepted has to go back to the same bytes. */
function expectSame(encoded: Buffer, bytes: Buffer): void {
  if (!encoded.equals(bytes)) throw new Finding(`comes back as ${encoded.toString('hex')}`);
}

/** A login and the bytes, in pieces of any size. Every result but the last must take bytes from the stream. */
function readInPieces(bytes: Buffer, random: Random): void {
  const reader = new FrameReader();
  const stream = Buffer.concat([encodeLogin('356307042441013'), bytes]);
  let results = 0;
  for (let at = 0; at < stream.length;) {
    const end = at + 1 + random.below(stream.length);
    reader.push(stream.subarray(at, end));
    at = end;
    for (;;) {
      const { kind } = reader.next();
      if (kind === 'fatal') return;
      if (kind === 'incomplete') break;
      if (++results > stream.length) throw new Finding('more results than bytes');
    }
    if (reader.bufferedBytes > stream.length) throw new Finding('more bytes kept than given');
  }
}
