import nodeModule from 'node:module';
import { join } from 'node:path';
import { AvlWalk, crc16 } from '@app/teltonika-codec';

/** One way over all frames; the number it returns keeps the work from being optimised away. */
export type Pass = () => number;

/** The limit: the CRC of every data field, and nothing else. */
export function crcPass(frames: readonly Buffer[]): Pass {
  return () => {
    let sum = 0;
    for (const frame of frames) sum ^= crc16(frame, 8, frame.length - 4);
    return sum;
  };
}

/** Full validation with every value decoded, as ingest does it. */
export function decodePass(frames: readonly Buffer[]): Pass {
  const walk = new AvlWalk();
  return () => {
    let records = 0;
    for (const frame of frames) records += walk.read(frame).length;
    return records;
  };
}

type PeerParser = new (hex: string) => { readonly Quantity1: number };

/** The peer takes hex; making that from the bytes is not counted against it. */
export function peerPass(frames: readonly Buffer[]): Pass {
  const parser = loadPeer();
  const texts = frames.map((frame) => frame.toString('hex'));
  return () => {
    let records = 0;
    for (const text of texts) records += new parser(text).Quantity1;
    return records;
  };
}

/** It has no types of its own that fit, and comes from where the command runs: bundling it would change what is measured. */
function loadPeer(): PeerParser {
  const load = nodeModule.createRequire(join(process.cwd(), 'package.json'));
  const loaded: unknown = load('complete-teltonika-parser');
  if (typeof loaded === 'object' && loaded !== null && 'ProtocolParser' in loaded) {
    const { ProtocolParser } = loaded;
    if (isParser(ProtocolParser)) return ProtocolParser;
  }
  throw new TypeError('complete-teltonika-parser has no ProtocolParser');
}

function isParser(value: unknown): value is PeerParser {
  return typeof value === 'function';
}
