import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  BEACON_LIST,
  CODEC_8_EXTENDED,
  crc16,
  decodeAvl,
  encodeAvl,
  encodeCommand,
  encodeLogin,
  encodeUdp,
  type IoElement,
  payloadOf,
} from '@app/teltonika-codec';

const made = z.array(z.object({ hex: z.string() }));
const published = z.object({ hex: z.string() });
const IMEI = '356307042441013';

/** Real bytes to start from: frames of this repository, the published ones where they are, and one of each other shape. */
export function corpus(): Buffer[] {
  const own = made
    .parse(JSON.parse(readFileSync(join('libs', 'teltonika-codec', 'vectors', 'frames.json'), 'utf8')))
    .map(({ hex }) => Buffer.from(hex, 'hex'));
  return [...own, ...publishedFrames(), ...otherShapes(own)];
}

function publishedFrames(): Buffer[] {
  const file = join(process.env['ODOGRAPH_VECTORS'] ?? join('..', 'shared', 'reference'), 'vectors.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Buffer.from(published.parse(JSON.parse(line)).hex, 'hex'));
}

function otherShapes(frames: readonly Buffer[]): Buffer[] {
  const message = { type: 6, payload: payloadOf('Ver:03.28.07 GPS:AXN_5.10') };
  const packets = frames.map((frame) => decodeAvl(frame));
  const header = { packetId: 0xcafe, packetType: 1, avlPacketId: 5, imei: IMEI };
  const beacons = Buffer.from(`11${`07${'00112233445566778899'}abcde0810047ae0be80015`.repeat(3)}`, 'hex');
  return [
    encodeLogin(IMEI),
    encodeCommand({ codecId: 12, messages: [message] }),
    encodeCommand({ codecId: 13, messages: [{ ...message, timestampS: 1_700_000_000 }] }),
    encodeCommand({ codecId: 14, messages: [{ ...message, imei: IMEI }] }),
    encodeCommand({ codecId: 15, messages: [{ ...message, timestampS: 1_700_000_000, imei: IMEI }] }),
    ...packets.map((packet) => encodeUdp({ header, ...packet })),
    withBeacons(beacons),
    beacons,
    legacyFrame(),
    legacyDatagram(),
  ];
}

function withBeacons(value: Buffer): Buffer {
  const head = { timestampMs: 1_735_689_600_000, priority: 0, longitude: 251_234_567, latitude: 546_789_012 };
  const rest = { altitudeM: 100, angleDeg: 90, satellites: 9, speedKmh: 50, eventIoId: BEACON_LIST };
  const io: IoElement[] = [{ id: BEACON_LIST, size: 'variable', value }];
  return encodeAvl({ codecId: CODEC_8_EXTENDED, records: [{ ...head, ...rest, io }] });
}

/** Priority 1, 2007-01-02; all fields of the place; two 1-byte elements, one of 2 and one of 4 bytes. */
const CODEC_7_DATA =
  '0701' +
  '400151800f' +
  'ff425a8a3d41ca147bfffa40320912345678150000600a' +
  '020101f003' +
  '01425e0f' +
  '014e00000007' +
  '01';

function legacyDatagram(): Buffer {
  const header = { packetId: 0xcafe, packetType: 1, avlPacketId: 5, imei: IMEI };
  const empty = encodeUdp({ header, codecId: CODEC_8_EXTENDED, records: [] });
  const datagram = Buffer.concat([empty.subarray(0, -3), Buffer.from(CODEC_7_DATA, 'hex')]);
  datagram.writeUInt16BE(datagram.length - 2, 0);
  return datagram;
}

function legacyFrame(): Buffer {
  const data = Buffer.from(CODEC_7_DATA, 'hex');
  const frame = Buffer.alloc(data.length + 12);
  frame.writeUInt32BE(data.length, 4);
  data.copy(frame, 8);
  frame.writeUInt32BE(crc16(frame, 8, frame.length - 4), frame.length - 4);
  return frame;
}
