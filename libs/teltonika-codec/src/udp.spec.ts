import fc from 'fast-check';
import { packets } from '../test/packets';
import { codeOf } from '../test/code-of';
import { encodeAvl } from './encode';
import { CODEC_8, CODEC_8_EXTENDED } from './layout';
import {
  channelPackets,
  decodeUdp,
  decodeUdpAck,
  encodeUdp,
  encodeUdpAck,
  splitDatagram,
  type UdpPacket,
} from './udp';

const headers = fc.record({
  packetId: fc.nat(0xffff),
  packetType: fc.nat(0xff),
  avlPacketId: fc.nat(0xff),
  imei: fc.stringMatching(/^[0-9]{15}$/),
});
const udpPackets = fc.tuple(headers, packets).map(([header, packet]): UdpPacket => ({ header, ...packet }));

const PACKET: UdpPacket = {
  header: { packetId: 0xcafe, packetType: 1, avlPacketId: 5, imei: '352093086403655' },
  codecId: CODEC_8,
  records: [
    {
      ...{
        timestampMs: 1_560_407_006_000,
        priority: 1,
        longitude: 0,
        latitude: 0,
        altitudeM: 0,
        angleDeg: 0,
      },
      ...{ satellites: 0, speedKmh: 0, eventIoId: 1, io: [{ id: 1, size: 1, value: 1 }] },
    },
  ],
};
const datagram = encodeUdp(PACKET);

describe('UDP channel packets', () => {
  it('decode(encode(x)) = x and encode(decode(b)) = b', () => {
    fc.assert(
      fc.property(udpPackets, (packet) => {
        const bytes = encodeUdp(packet);
        const [decoded, ...others] = decodeUdp(bytes);
        if (decoded === undefined) throw new Error('nothing decoded');
        expect(others).toEqual([]);
        const records = decoded.records.map(({ flags: _flags, ...fields }) => fields);
        expect({ ...decoded, records }).toEqual(packet);
        expect(encodeUdp(decoded).equals(bytes)).toBe(true);
      }),
    );
  });

  it('carries the data field of a TCP frame behind its header', () => {
    const frame = encodeAvl(PACKET);
    expect(datagram.subarray(0, 23).toString('hex')).toBe(
      `${(datagram.length - 2).toString(16).padStart(4, '0')}cafe0105000f333532303933303836343033363535`,
    );
    expect(datagram.subarray(23).equals(frame.subarray(8, -4))).toBe(true);
  });

  it('is refused when truncated at any byte', () => {
    for (let length = 0; length < datagram.length; length++) {
      expect(codeOf(() => decodeUdp(datagram.subarray(0, length)))).toBe('LENGTH_INVALID');
    }
  });

  it('comes in any number in one datagram, each with its own bytes', () => {
    const other = encodeUdp({
      ...PACKET,
      header: { ...PACKET.header, avlPacketId: 6 },
      codecId: CODEC_8_EXTENDED,
    });
    const both = Buffer.concat([datagram, other]);
    expect(decodeUdp(both).map(({ header, codecId }) => [header.avlPacketId, codecId])).toEqual([
      [5, CODEC_8],
      [6, CODEC_8_EXTENDED],
    ]);
    expect(splitDatagram(both).map(({ bytes }) => bytes)).toEqual([datagram, other]);
    expect(splitDatagram(both).map(({ recordCount }) => recordCount)).toEqual([1, 1]);
    const cut = Buffer.concat([both, Buffer.alloc(1)]);
    expect(codeOf(() => decodeUdp(cut))).toBe('LENGTH_INVALID');
    const packets = channelPackets(cut);
    expect([packets.next().value?.bytes, packets.next().value?.bytes]).toEqual([datagram, other]);
    expect(codeOf(() => packets.next())).toBe('LENGTH_INVALID');
  });

  it.each([
    ['IMEI of 14 digits', 7, 14, 'LOGIN_INVALID'],
    ['letter in the IMEI', 8, 0x41, 'LOGIN_INVALID'],
    ['codec', 23, 0x09, 'CODEC_UNKNOWN'],
    ['count in front', 24, 2, 'COUNT_MISMATCH'],
    ['group count', 23 + 2 + 24 + 2, 200, 'RECORD_OVERRUN'],
  ])('is refused for a wrong %s', (_, at, byte, code) => {
    const changed = Buffer.from(datagram);
    changed[at] = byte;
    expect(codeOf(() => decodeUdp(changed))).toBe(code);
  });

  it('does not encode what its header cannot hold', () => {
    const withHeader = (header: Partial<UdpPacket['header']>) =>
      codeOf(() => encodeUdp({ ...PACKET, header: { ...PACKET.header, ...header } }));
    expect(withHeader({ packetId: 0x1_0000 })).toBe('NOT_ENCODABLE');
    expect(withHeader({ avlPacketId: -1 })).toBe('NOT_ENCODABLE');
    expect(withHeader({ imei: '35209308640365' })).toBe('LOGIN_INVALID');
  });
});

describe('UDP acks', () => {
  it('repeat both ids of the packet', () => {
    const ack = { packetId: 0xcafe, avlPacketId: 5, recordCount: 1 };
    expect(encodeUdpAck(ack).toString('hex')).toBe('0005cafe010501');
    expect(decodeUdpAck(encodeUdpAck(ack))).toEqual(ack);
  });

  it.each(['0005cafe0105', '0004cafe010501', '0005cafe000501'])('%s is none', (hex) => {
    expect(codeOf(() => decodeUdpAck(Buffer.from(hex, 'hex')))).toBe('LENGTH_INVALID');
  });
});
