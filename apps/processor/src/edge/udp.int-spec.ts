import { createSocket, type Socket } from 'node:dgram';
import { signal, eventually } from '@app/common/testing';
import { CODEC_8, decodeUdp, encodeUdp } from '@app/teltonika-codec';
import { legacyDatagram } from '../legacy.testing';
import { DatagramDesk } from './datagram-desk';
import { edgeKit, IMEI, RECORD, type Kit, type KitOptions } from './session.testing';
import { expectRowCounted, row } from './matrix.testing';
import { UdpTransport } from './udp.transport';

/* The datagram listener over real sockets: rows 31 and 32 of the bad-input matrix, and what is right. */

const PACKET_ID = 0xcafe;
const UNKNOWN = '359633100000001';
let kit: Kit;
let transport: UdpTransport;
let device: Socket;
let heard: ReturnType<typeof signal<Buffer>>;

async function listen(options: KitOptions = {}): Promise<void> {
  kit = await edgeKit(options);
  const { admission, metrics, logger } = kit.parts;
  const desk = new DatagramDesk({ admission, sink: kit.sink, metrics, logger });
  transport = new UdpTransport({ host: '127.0.0.1', port: 0, desk, logger });
  await transport.open();
}

beforeEach(async () => {
  await listen();
  device = createSocket('udp4');
  heard = signal<Buffer>('an ack');
  device.on('message', heard.emit);
});
afterEach(() => {
  transport.close();
  device.close();
});

function datagram(imei = IMEI, records = 2, avlPacketId = 7): Buffer {
  return encodeUdp({
    header: { packetId: PACKET_ID, packetType: 1, avlPacketId, imei },
    codecId: CODEC_8,
    records: Array.from({ length: records }, (_, index) => ({
      ...RECORD,
      timestampMs: 1_735_689_600_000 + index,
    })),
  });
}

const send = (bytes: Buffer): void => void device.send(bytes, transport.port ?? 0, '127.0.0.1');
/** The echoed ids and the count (teltonika.md 1.7 in vendor terms: 0005, packet id, 01, AVL packet id, accepted). */
const ack = (records = 2, avlPacketId = 7): string =>
  `0005cafe01${avlPacketId.toString(16).padStart(2, '0')}${records.toString(16).padStart(2, '0')}`;

async function expectDropped(reason: string): Promise<void> {
  await eventually(async () => (await kit.count('edge_datagrams_dropped_total', { reason })) === 1, {
    what: reason,
  });
}

/** The next ack is that of a good datagram, so there was none before it. */
async function expectNextIsServed(): Promise<void> {
  send(datagram(IMEI, 1, 9));
  expect((await heard.next()).toString('hex')).toBe(ack(1, 9));
}

it('keeps a datagram whole before it echoes its ids to the source', async () => {
  let release = (): void => undefined;
  kit.sink.before = () => new Promise((resolve) => (release = resolve));
  send(datagram());
  await eventually(() => kit.sink.attempts === 1, { what: 'the append' });
  expect(kit.sink.appended).toEqual([]);
  release();
  expect((await heard.next()).toString('hex')).toBe(ack());
  const [kept] = kit.sink.appended;
  expect(kept?.entry).toMatchObject({ imei: IMEI, transport: 'udp', frame: datagram() });
  expect(kept?.entry.peer).toBe(`127.0.0.1:${device.address().port}`);
  expect(decodeUdp(kept?.entry.frame ?? Buffer.alloc(0))[0]?.records).toHaveLength(2);
});

it('acknowledges a datagram that comes again, and one without records', async () => {
  for (let turn = 0; turn < 2; turn += 1) {
    send(datagram());
    expect((await heard.next()).toString('hex')).toBe(ack());
  }
  expect(kit.sink.appended).toHaveLength(2);
  send(datagram(IMEI, 0));
  expect((await heard.next()).toString('hex')).toBe(ack(0));
  expect(kit.sink.appended).toHaveLength(2);
});

const good = datagram();
function changed(change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(good);
  change(copy);
  return copy;
}

describe('several channel packets in one datagram', () => {
  const packets = [datagram(IMEI, 2, 7), datagram(IMEI, 1, 8), datagram(IMEI, 3, 9)];
  const acks = [ack(2, 7), ack(1, 8), ack(3, 9)];
  const hear = async (count: number): Promise<string[]> => {
    const answers: string[] = [];
    while (answers.length < count) answers.push((await heard.next()).toString('hex'));
    return answers.sort();
  };
  const kept = () => kit.sink.appended.map(({ entry }) => entry.frame);

  it('are kept and acknowledged each by itself', async () => {
    send(Buffer.concat(packets));
    expect(await hear(3)).toEqual([...acks].sort());
    expect(kept()).toEqual(packets);
  });

  const damaged = changed((bytes) => bytes.writeUInt8(3, bytes.length - 1));
  it.each([
    ['a byte', Buffer.from([0])],
    ['a packet that is cut', datagram().subarray(0, -1)],
    ['a packet whose counts differ, with a good one behind it', Buffer.concat([damaged, datagram()])],
  ])(row(31, 'good ones before %s are kept, the rest is dropped'), async (_, rest) => {
    send(Buffer.concat([...packets, rest]));
    expect(await hear(3)).toEqual([...acks].sort());
    await expectRowCounted(kit, 31);
    await expectNextIsServed();
    expect(kept()).toEqual([...packets, datagram(IMEI, 1, 9)]);
  });

  it('may be of codec 7, and are dropped alike where they do not end exactly', async () => {
    const legacy = legacyDatagram(IMEI, 6, { timestampMs: Date.UTC(2026, 0, 1) });
    const cut = Buffer.from(legacy);
    cut.writeUInt8(1, cut.length - 2);
    send(Buffer.concat([legacy, datagram(IMEI, 2, 7), cut]));
    expect(await hear(2)).toEqual([ack(1, 6), ack(2, 7)].sort());
    await expectRowCounted(kit, 31);
    expect(kept()).toEqual([legacy, datagram(IMEI, 2, 7)]);
  });

  it('are acknowledged each by its own append and its own device', async () => {
    send(Buffer.concat([datagram(IMEI, 2, 7), datagram(UNKNOWN, 1, 8), datagram(IMEI, 3, 9)]));
    expect(await hear(2)).toEqual([ack(2, 7), ack(3, 9)].sort());
    await expectDropped('unknown');
    let attempts = 0;
    kit.sink.before = () => (++attempts === 2 ? Promise.reject(new Error('no store')) : Promise.resolve());
    send(Buffer.concat(packets));
    expect(await hear(2)).toEqual([ack(2, 7), ack(3, 9)].sort());
    await expectDropped('store-down');
    await expectNextIsServed();
  });
});

it.each([
  ['a length above the datagram', changed((bytes) => bytes.writeUInt16BE(good.length - 1, 0))],
  ['a length below the datagram', changed((bytes) => bytes.writeUInt16BE(good.length - 3, 0))],
  ['cut', good.subarray(0, good.length - 1)],
  ['empty', Buffer.alloc(0)],
  ['an IMEI with a letter', changed((bytes) => bytes.write('A', 10, 'latin1'))],
  ['an IMEI length of 14', changed((bytes) => bytes.writeUInt16BE(14, 6))],
  ['N2 that is not N1', changed((bytes) => bytes.writeUInt8(3, good.length - 1))],
  ['counts above the records', changed((bytes) => bytes.fill(3, good.length - 1).fill(3, 24, 25))],
  ['an unknown codec', changed((bytes) => bytes.writeUInt8(9, 23))],
  ['too large', datagram(IMEI, 80)],
])(row(31, '%s is dropped without a word'), async (_, bytes) => {
  send(bytes);
  await expectRowCounted(kit, 31);
  await expectNextIsServed();
  expect(kit.sink.appended).toHaveLength(1);
});

it(row(32, 'an unknown IMEI is dropped under every policy, also where TCP would enroll it'), async () => {
  transport.close();
  await listen({ policy: 'enroll' });
  send(datagram(UNKNOWN));
  await expectRowCounted(kit, 32);
  await expectNextIsServed();
});

it('a disabled device, a registry that is not whole and a store that is down get no answer', async () => {
  kit.registry.enable(UNKNOWN, false);
  send(datagram(UNKNOWN));
  await expectDropped('disabled');
  kit.registry.isComplete = false;
  send(datagram());
  await expectDropped('not-ready');
  kit.registry.isComplete = true;
  kit.sink.before = () => Promise.reject(new Error('no store'));
  send(datagram());
  await expectDropped('store-down');
  kit.sink.before = () => Promise.resolve();
  await expectNextIsServed();
});

it('what is more than can be in hand is dropped', async () => {
  const releases: (() => void)[] = [];
  kit.sink.before = () => new Promise((resolve) => releases.push(resolve));
  const { admission, metrics, logger } = kit.parts;
  const desk = new DatagramDesk({ admission, sink: kit.sink, metrics, logger });
  const answers = Array.from({ length: 1_001 }, () =>
    desk.take(datagram(), { address: '192.0.2.1', port: 1 }),
  );
  expect(await answers[1_000]).toEqual([]);
  await expectDropped('busy');
  await eventually(() => releases.length === 1_000, { what: 'all appends' });
  for (const release of releases) release();
  const acks = await Promise.all(answers.slice(0, 1_000));
  expect(acks.every(([answer]) => answer?.toString('hex') === ack())).toBe(true);
});

it('a stop still acknowledges what is in hand, and takes nothing more', async () => {
  let release = (): void => undefined;
  kit.sink.before = () => new Promise((resolve) => (release = resolve));
  send(datagram());
  await eventually(() => kit.sink.attempts === 1, { what: 'the append' });
  transport.close();
  release();
  expect((await heard.next()).toString('hex')).toBe(ack());
  expect(transport.isListening).toBe(false);
});
