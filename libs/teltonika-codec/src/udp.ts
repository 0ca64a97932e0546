import { readU16, readU8, viewOf } from './bytes';
import { decodeChannelAvl, type DecodedRecord } from './decode';
import { checked, encodeAvl } from './encode';
import { CODEC_OFFSET } from './envelope';
import { CodecError } from './errors';
import { encodeLogin, IMEI_DIGITS } from './login';
import type { AvlPacket, AvlRecord } from './record';
import { channelPacketEnd, UDP_DATA_OFFSET, UDP_IMEI_OFFSET } from './udp-header';

/** What stands before the data field of a UDP channel packet. */
export interface UdpHeader {
  /** 0xCAFE in every captured packet; the ack repeats it. */
  readonly packetId: number;
  /** 1 in every captured packet. The older document calls 0 "needs a channel ack"; the AVL ack serves for it too. */
  readonly packetType: number;
  /** Stays the same when the device sends the packet again; the ack repeats it. */
  readonly avlPacketId: number;
  /** The only identity there is, and anybody can write it. */
  readonly imei: string;
}

export interface UdpPacket<R extends AvlRecord = AvlRecord> extends AvlPacket<R> {
  readonly header: UdpHeader;
}

/** One channel packet of a datagram: its header, codec and record count, and its bytes as a view. */
export interface ChannelPacket {
  readonly header: UdpHeader;
  readonly codecId: number;
  /** N1, the number to acknowledge once the records are kept. */
  readonly recordCount: number;
  readonly bytes: Buffer;
}

/**
 * The channel packets of a datagram, one after the other: one in every capture, several by the older document. Checks
 * the headers alone; `AvlWalk.readDatagram`, `decodeCodec7Datagram` and `decodeUdp` check the rest. Throws LENGTH_INVALID, LOGIN_INVALID where
 * the next one is damaged, after those before it have been given.
 */
export function* channelPackets(datagram: Uint8Array): Generator<ChannelPacket, void, undefined> {
  let start = 0;
  do {
    const end = channelPacketEnd(datagram, start);
    const header = {
      packetId: readU16(datagram, start + 2),
      packetType: readU8(datagram, start + 4),
      avlPacketId: readU8(datagram, start + 5),
      imei: viewOf(datagram, start + UDP_IMEI_OFFSET, start + UDP_DATA_OFFSET).toString('latin1'),
    };
    const codecId = readU8(datagram, start + UDP_DATA_OFFSET);
    const recordCount = readU8(datagram, start + UDP_DATA_OFFSET + 1);
    yield { header, codecId, recordCount, bytes: viewOf(datagram, start, end) };
    start = end;
  } while (start < datagram.length);
}

/** All of them, or none of a datagram that is damaged anywhere. Throws LENGTH_INVALID, LOGIN_INVALID. */
export function splitDatagram(datagram: Uint8Array): ChannelPacket[] {
  return [...channelPackets(datagram)];
}

/** All records of a datagram. One damaged channel packet refuses all of them. Throws CodecError. */
export function decodeUdp(datagram: Uint8Array): UdpPacket<DecodedRecord>[] {
  return splitDatagram(datagram).map(({ header, bytes }) => ({ header, ...decodeChannelAvl(bytes) }));
}

/** A datagram of one channel packet. Throws NOT_ENCODABLE, LOGIN_INVALID, CODEC_UNKNOWN. */
export function encodeUdp(packet: UdpPacket): Buffer {
  const { packetId, packetType, avlPacketId, imei } = packet.header;
  const frame = encodeAvl(packet);
  const data = frame.subarray(CODEC_OFFSET, frame.length - 4);
  const datagram = Buffer.alloc(UDP_DATA_OFFSET + data.length);
  datagram.writeUInt16BE(checked('length', datagram.length - 2, 0, 0xffff), 0);
  datagram.writeUInt16BE(checked('packet id', packetId, 0, 0xffff), 2);
  datagram.writeUInt8(checked('packet type', packetType, 0, 0xff), 4);
  datagram.writeUInt8(checked('AVL packet id', avlPacketId, 0, 0xff), 5);
  // The login of a TCP session is the same length and digits.
  encodeLogin(imei).copy(datagram, UDP_DATA_OFFSET - IMEI_DIGITS - 2);
  data.copy(datagram, UDP_DATA_OFFSET);
  return datagram;
}

/** What acknowledges a channel packet; it goes to where the datagram came from and nowhere else. */
export interface UdpAck {
  readonly packetId: number;
  readonly avlPacketId: number;
  readonly recordCount: number;
}

const UDP_ACK_BYTES = 7;
const ACK_TYPE = 1;

/** Seven bytes: length 5, packet id, 01, AVL packet id, record count. Throws NOT_ENCODABLE. */
export function encodeUdpAck({ packetId, avlPacketId, recordCount }: UdpAck): Buffer {
  const ack = Buffer.alloc(UDP_ACK_BYTES);
  ack.writeUInt16BE(UDP_ACK_BYTES - 2, 0);
  ack.writeUInt16BE(checked('packet id', packetId, 0, 0xffff), 2);
  ack.writeUInt8(ACK_TYPE, 4);
  ack.writeUInt8(checked('AVL packet id', avlPacketId, 0, 0xff), 5);
  ack.writeUInt8(checked('record count', recordCount, 0, 0xff), 6);
  return ack;
}

/** Throws LENGTH_INVALID for anything but a seven-byte ack. */
export function decodeUdpAck(bytes: Uint8Array): UdpAck {
  const isAck =
    bytes.length === UDP_ACK_BYTES &&
    readU16(bytes, 0) === UDP_ACK_BYTES - 2 &&
    readU8(bytes, 4) === ACK_TYPE;
  if (!isAck)
    throw new CodecError('LENGTH_INVALID', 'a UDP ack is 0005, packet id, 01, AVL packet id, count');
  return { packetId: readU16(bytes, 2), avlPacketId: readU8(bytes, 5), recordCount: readU8(bytes, 6) };
}
