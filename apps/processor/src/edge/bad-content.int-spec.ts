import { eventually } from '@app/common/testing';
import { CODEC_16, CODEC_8_EXTENDED, crc16, encodeAvl, type AvlRecord } from '@app/teltonika-codec';
import { deskKit, deviceFrame, told } from '../commands.test-kit';
import { type RowNumber } from './bad-input';
import { ack, listening } from './listening.testing';
import { frameOf, IMEI, OTHER_IMEI, RECORD } from './session.testing';
import { expectRowCounted, row } from './matrix.testing';

/*
 * Rows of the bad-input matrix over real sockets: what a record or a command says. The edge keeps such a frame as it
 * came and acknowledges it; what is made of it is ingest's and the sink's, whose specs have it.
 */

const listen = listening();

const of = (changes: Partial<AvlRecord>, codecId = CODEC_8_EXTENDED): Buffer =>
  codecId === CODEC_8_EXTENDED
    ? encodeAvl({ codecId, records: [{ ...RECORD, ...changes }] })
    : encodeAvl({ codecId: CODEC_16, records: [{ ...RECORD, generationType: 9, ...changes }] });

/** With other bytes at this place, and the CRC that belongs to them. */
function patched(frame: Buffer, at: number, bytes: string): Buffer {
  const copy = Buffer.from(frame);
  copy.write(bytes, at, 'hex');
  copy.writeUInt32BE(crc16(copy, 8, copy.length - 4), copy.length - 4);
  return copy;
}

const TIME_AT = 10;
/** Behind the record's head of 24 bytes and the event id of 2. */
const IO_TOTAL_AT = 10 + 24 + 2;
const variable = of({ io: [{ id: 256, size: 'variable', value: Buffer.from('WVWZZZ') }] });
const valueAt = variable.indexOf('WVWZZZ');

const rows: readonly (readonly [name: string, row: RowNumber, frame: Buffer])[] = [
  [row(14, 'an IO total too high'), 14, patched(of({}), IO_TOTAL_AT, '0009')],
  [row(14, 'an IO total too low'), 14, patched(of({}), IO_TOTAL_AT, '0000')],
  [row(16, 'priority 200'), 16, of({ priority: 200 })],
  [row(16, 'generation type 9'), 16, of({}, CODEC_16)],
  [row(17, 'time 0'), 17, of({ timestampMs: 0 })],
  [row(17, 'a time in the year 2100'), 17, of({ timestampMs: 4_102_444_800_000 })],
  [row(17, 'the highest time'), 17, patched(of({}), TIME_AT, 'ffffffffffffffff')],
  [row(18, 'coordinates out of range'), 18, of({ longitude: 2_147_483_647, latitude: -2_147_483_648 })],
  [row(18, 'no fix'), 18, of({ longitude: 0, latitude: 0, satellites: 0 })],
  [
    row(19, 'an IO id twice'),
    19,
    of({
      io: [
        { id: 239, size: 1, value: 1 },
        { id: 239, size: 1, value: 0 },
      ],
    }),
  ],
  [row(20, 'a variable value beyond the frame'), 20, patched(variable, valueAt - 2, 'ffff')],
  [
    row(21, 'an 8-byte value of all ones'),
    21,
    of({ io: [{ id: 78, size: 8, value: 18_446_744_073_709_551_615n }] }),
  ],
  [
    row(29, 'text that no database column takes'),
    29,
    of({ io: [{ id: 256, size: 'variable', value: Buffer.from('a\0b') }] }),
  ],
];

it.each(rows)('%s', async (_, number, frame) => {
  const edge = await listen();
  const device = await edge.logIn(IMEI);
  device.send(frame);
  expect(await device.next(4)).toBe(ack(1));
  expect(edge.kit.sink.appended.map(({ entry }) => entry.frame)).toEqual([frame]);
  expect(edge.kit.sink.parked).toEqual([]);
  await expectRowCounted(edge.kit, number);
  device.send(frameOf(3));
  expect(await device.next(4)).toBe(ack(3));
});

describe('what a device says of commands', () => {
  it(row(26, 'unasked, or of an unknown type, is published and not acknowledged'), async () => {
    const desk = deskKit();
    const edge = await listen({ commands: desk.desk });
    const device = await edge.logIn(IMEI);
    device.send(Buffer.concat([deviceFrame('late'), deviceFrame('photo', 12, undefined, 0x0d), frameOf(2)]));
    expect(await device.next(4)).toBe(ack(2));
    expect(await told(desk.streams)).toEqual(['unsolicited late', 'unsolicited photo']);
    await expectRowCounted(edge.kit, 26, 2);
  });

  it(row(27, 'in the name of another device is dropped'), async () => {
    const desk = deskKit();
    const edge = await listen({ commands: desk.desk });
    const device = await edge.logIn(IMEI);
    device.send(Buffer.concat([deviceFrame('mine', 14, OTHER_IMEI), frameOf(2)]));
    expect(await device.next(4)).toBe(ack(2));
    expect(await told(desk.streams)).toEqual([]);
    await expectRowCounted(desk, 27);
  });
});

it(row(34, 'of many connections with one IMEI the newest is kept'), async () => {
  const edge = await listen();
  for (let turn = 0; turn < 3; turn += 1) await edge.logIn(IMEI);
  const newest = await edge.logIn(IMEI);
  newest.send(frameOf(2));
  expect(await newest.next(4)).toBe(ack(2));
  await eventually(async () => (await edge.kit.count('edge_sessions', { transport: 'tcp' })) === 1, {
    what: 'the older ones to be ended',
  });
  expect(edge.kit.table.devices).toBe(1);
});
