import {
  type ChannelPacket,
  CODEC_7,
  CodecError,
  decodeAvl,
  decodeCodec7,
  decodeCodec7Datagram,
  decodeCommand,
  decodeLogin,
  decodeUdp,
  isCommandCodec,
  LOGIN_BYTES,
  splitDatagram,
} from '@app/teltonika-codec';
import { avlJson, commandJson, legacyJson } from './packet-json';
import { type Naming } from './named-values';

export interface DecodeOptions {
  /** The lines are datagrams. */
  readonly isUdp: boolean;
  readonly naming?: Naming;
}

const CODEC_OFFSET = 8;
const PING_BYTE = 0xff;

/** What the bytes are, as lines of JSON: one, except for a datagram of several packets. Throws CodecError. */
export function jsonOf(bytes: Buffer, { isUdp, naming }: DecodeOptions): string[] {
  const names = naming === undefined ? {} : { naming };
  if (isUdp) return splitDatagram(bytes).flatMap((packet) => channelPacketJson(packet, names));
  if (bytes.length === 1 && bytes[0] === PING_BYTE) return [JSON.stringify({ kind: 'ping' })];
  if (isLogin(bytes)) return [JSON.stringify({ kind: 'login', imei: decodeLogin(bytes) })];
  const codecId = bytes[CODEC_OFFSET] ?? 0;
  if (isCommandCodec(codecId)) return [commandJson(decodeCommand(bytes))];
  return [codecId === CODEC_7 ? legacyJson(decodeCodec7(bytes)) : avlJson(decodeAvl(bytes), names)];
}

function channelPacketJson({ header, codecId, bytes }: ChannelPacket, names: { naming?: Naming }): string[] {
  if (codecId === CODEC_7) return [legacyJson(decodeCodec7Datagram(bytes), header)];
  return decodeUdp(bytes).map(({ header: udp, ...packet }) => avlJson(packet, { udp, ...names }));
}

/** A frame starts with two zeros, which as the length of a login would be none. */
function isLogin(bytes: Buffer): boolean {
  if (bytes.length < 2) return false;
  if (bytes[0] !== 0) {
    throw new CodecError('NOT_TELTONIKA', 'neither a login, a frame nor a ping starts like this', 0);
  }
  return bytes[1] !== 0 || (bytes.length === LOGIN_BYTES && bytes.readUInt32BE(0) !== 0);
}
