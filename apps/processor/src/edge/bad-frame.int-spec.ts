import { eventually } from '@app/common/testing';
import { encodeLogin } from '@app/teltonika-codec';
import { legacyFrame } from '../legacy.testing';
import { ack, expectCount, expectNextIsServed, hex, listening, SHORT_MS } from './listening.testing';
import { corrupted, forged, frameOf, IMEI } from './session.testing';
import { expectRowCounted, row } from './matrix.testing';

/*
 * Rows of the bad-input matrix over real sockets: what concerns frames. Each asserts the answer, the
 * socket's fate, the counter, and that the next device is served.
 */

const listen = listening();

const login = encodeLogin(IMEI);

describe('frames that are not right', () => {
  const overrun = forged({ n1: 2, n2: 2 });
  const rows: readonly (readonly [
    name: string,
    frame: Buffer,
    heard: string,
    result: string,
    parked: string[],
  ])[] = [
    [row(10, 'CRC mismatch'), corrupted(frameOf(2)), ack(0), 'crc_mismatch', []],
    [row(11, 'upper half of the CRC'), withCrcHighBits(frameOf(2)), ack(0), 'crc_mismatch', []],
    [row(12, 'unknown codec'), forged({ codecId: 0x09, n1: 7 }), ack(7), 'parked', ['FRAME_UNDECODABLE']],
    [row(13, 'N2 is not N1'), forged({ n1: 5 }), ack(5), 'parked', ['FRAME_UNDECODABLE']],
    [row(13, 'records overrun, which is for ingest to see'), overrun, ack(2), 'acked', []],
    [row(15, 'no record'), frameOf(0), ack(0), 'acked', []],
    [
      row(15, 'bytes where no record is said to be'),
      forged({ n1: 0, n2: 0 }),
      ack(0),
      'parked',
      ['FRAME_UNDECODABLE'],
    ],
  ];

  it.each(rows)('%s', async (_, frame, heard, result, parked) => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    device.send(frame);
    expect(await device.next(4)).toBe(heard);
    await expectCount(edge, 'edge_frames_total', { result }, 1);
    expect(edge.kit.sink.parked.map(({ reason }) => reason.code)).toEqual(parked);
    expect(edge.kit.sink.parked.map(({ entry }) => entry.frame)).toEqual(parked.map(() => frame));
    // The socket is kept: its next frame is acknowledged.
    device.send(frameOf(3));
    expect(await device.next(4)).toBe(ack(3));
    await expectNextIsServed(edge);
  });

  it(row(10, 'the third identical one is kept as a dead letter'), async () => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    const bad = corrupted(frameOf(2));
    for (const answer of [ack(0), ack(0), ack(2)]) {
      device.send(bad);
      expect(await device.next(4)).toBe(answer);
    }
    expect(edge.kit.sink.parked).toMatchObject([{ entry: { frame: bad }, reason: { code: 'CRC_REPEATED' } }]);
    await expectCount(edge, 'edge_frames_total', { result: 'crc_mismatch' }, 2);
    await expectRowCounted(edge.kit, 10);
    await expectNextIsServed(edge);
  });

  it.each([
    ['codec 12', forged({ codecId: 0x0c })],
    ['codec 13', forged({ codecId: 0x0d })],
    ['codec 14', forged({ codecId: 0x0e })],
    ['codec 15', forged({ codecId: 0x0f })],
    ['codec 12 without content', forged({ codecId: 0x0c, n1: 0, n2: 0 })],
    ['codec 12 with a wrong CRC', corrupted(forged({ codecId: 0x0c })), 'crc_mismatch'],
  ])(row(25, '%s is never acknowledged'), async (_, frame, result = 'command') => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    device.send(Buffer.concat([frame, frameOf(2)]));
    expect(await device.next(4)).toBe(ack(2));
    expect(device.heard).toBe(`01${ack(2)}`);
    expect(edge.kit.sink.appended).toHaveLength(1);
    if (result === 'command') await expectRowCounted(edge.kit, 25);
    else await expectCount(edge, 'edge_frames_total', { result }, 1);
    await expectNextIsServed(edge);
  });
});

describe('what is odd and right', () => {
  it('codec 7 of old devices is kept and acknowledged as the others are', async () => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    const record = { timestampMs: Date.UTC(2026, 0, 1) };
    const frames = [legacyFrame(record, record), legacyFrame(), legacyFrame(record)];
    device.send(Buffer.concat([...frames, frameOf(2)]));
    expect(await device.next(16)).toBe(`${ack(2)}${ack(0)}${ack(1)}${ack(2)}`);
    expect(edge.kit.sink.appended.map(({ entry }) => entry.frame)).toEqual([
      frames[0],
      frames[2],
      frameOf(2),
    ]);
    expect(edge.kit.sink.parked).toEqual([]);
    await expectCount(edge, 'edge_frames_total', { result: 'acked' }, 4);
  });

  it(row(23, 'the same IMEI again is answered yes'), async () => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    device.send(Buffer.concat([login, frameOf(1)]));
    expect(await device.next(5)).toBe(`01${ack(1)}`);
  });

  it(row(24, 'frames and pings in one segment get one ack each, in order'), async () => {
    const edge = await listen();
    const device = await edge.connect();
    const ping = hex('ff');
    device.send(Buffer.concat([ping, login, ping, frameOf(1, 1), frameOf(2, 2), ping, frameOf(3, 3)]));
    expect(await device.next(13)).toBe(`01${ack(1)}${ack(2)}${ack(3)}`);
  });

  it(row(30, 'a frame that comes again is acknowledged again'), async () => {
    const edge = await listen();
    const device = await edge.logIn(IMEI);
    for (let turn = 0; turn < 2; turn += 1) {
      device.send(frameOf(2));
      expect(await device.next(4)).toBe(ack(2));
    }
    expect(edge.kit.sink.appended).toHaveLength(2);
  });

  it('a device that has sent all and half closed gets its ack, then the end', async () => {
    const edge = await listen();
    let release = (): void => undefined;
    edge.kit.sink.before = () => new Promise((resolve) => (release = resolve));
    const device = await edge.logIn(IMEI);
    device.send(frameOf(2));
    device.finish();
    await eventually(() => edge.kit.sink.attempts === 1, { what: 'the append to begin' });
    release();
    expect(await device.closed()).toBe(`01${ack(2)}`);
  });
});

describe('while the store is down', () => {
  it(row(28, 'no ack, no further reading, and the ack when it comes back in time'), async () => {
    const edge = await listen();
    let isDown = true;
    edge.kit.sink.before = () => (isDown ? Promise.reject(new Error('no store')) : Promise.resolve());
    const device = await edge.logIn(IMEI);
    device.send(Buffer.concat([frameOf(2), frameOf(1)]));
    await eventually(() => edge.kit.sink.attempts >= 3, { what: 'three attempts' });
    expect(device.heard).toBe('01');
    isDown = false;
    expect(await device.next(8)).toBe(`${ack(2)}${ack(1)}`);
    await expectCount(edge, 'edge_frames_total', { result: 'acked' }, 2);
  });

  it(row(28, 'closes without an answer after the hold'), async () => {
    const edge = await listen({ holdMs: SHORT_MS });
    edge.kit.sink.before = () => Promise.reject(new Error('no store'));
    const device = await edge.logIn(IMEI);
    device.send(frameOf(2));
    expect(await device.closed()).toBe('01');
    await expectRowCounted(edge.kit, 28);
    await expectCount(edge, 'edge_frames_total', { result: 'refused' }, 1);
    edge.kit.sink.before = () => Promise.resolve();
    await expectNextIsServed(edge);
  });
});

function withCrcHighBits(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt8(0x12, copy.length - 4);
  return copy;
}
