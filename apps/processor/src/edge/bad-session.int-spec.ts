import { encodeLogin } from '@app/teltonika-codec';
import { type TestEdge } from './edge.testing';
import { ack, expectCount, expectNextIsServed, hex, listening, SHORT_MS } from './listening.testing';
import { frameOf, IMEI, OTHER_IMEI, type Kit } from './session.testing';
import { expectRowCounted, row } from './matrix.testing';
import { type RowNumber } from './bad-input';

/*
 * Rows of the bad-input matrix over real sockets: what concerns connections and logins. Each asserts the answer, the
 * socket's fate, the counter, and that the next device is served.
 */

const listen = listening();

const expectRefusal = (edge: TestEdge, code: string): Promise<void> =>
  expectCount(edge, 'edge_refusals_total', { code }, 1);

const login = encodeLogin(IMEI);
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const UNKNOWN_IMEI = '359633100000001';

describe('input that ends the session', () => {
  const good = frameOf(1);
  const rows: readonly (readonly [name: string, row: RowNumber, sent: Buffer, heard: string])[] = [
    [row(1, 'HTTP'), 1, bytes('GET / HTTP/1.1\r\nHost: tracker\r\n\r\n'), ''],
    [row(1, 'a TLS hello'), 1, hex('160301020001000001fc0303'), ''],
    [row(1, 'SSH'), 1, bytes('SSH-2.0-OpenSSH_9.2\r\n'), ''],
    [row(1, 'pings, then no login'), 1, hex('ffff3131313131'), ''],
    [row(2, 'a login of 14 digits'), 2, Buffer.concat([hex('000e'), bytes('12345678901234')]), '00'],
    [row(2, 'a login with a letter'), 2, Buffer.concat([hex('000f'), bytes('35630704244101A')]), '00'],
    [row(4, 'a frame before the login'), 4, good, ''],
    [row(6, 'no preamble'), 6, Buffer.concat([login, hex('01000000'), good.subarray(4)]), '01'],
    [row(7, 'length 2'), 7, Buffer.concat([login, hex('0000000000000002080100000000')]), '01'],
    [row(7, 'length above the cap'), 7, Buffer.concat([login, hex('00000000000020008e')]), '01'],
    [row(7, 'length with the top bit'), 7, Buffer.concat([login, hex('0000000080000000')]), '01'],
    [row(7, 'length of 4 GiB'), 7, Buffer.concat([login, hex('00000000ffffffff')]), '01'],
    [row(23, 'another IMEI'), 23, Buffer.concat([login, encodeLogin(OTHER_IMEI)]), '01'],
  ];

  it.each(rows)('%s', async (_, number, sent, heard) => {
    const edge = await listen();
    const device = await edge.connect();
    device.send(sent);
    expect(await device.closed()).toBe(heard);
    await expectRowCounted(edge.kit, number);
    if (number === 2) await expectCount(edge, 'edge_logins_total', { result: 'invalid' }, 1);
    expect(edge.kit.sink.attempts).toBe(0);
    await expectNextIsServed(edge);
  });

  it(row(22, 'a flood of pings'), async () => {
    const edge = await listen({ pingsPerMinute: 20 });
    const device = await edge.logIn(IMEI);
    device.send(Buffer.alloc(20, 0xff));
    device.send(frameOf(1));
    expect(await device.next(4)).toBe(ack(1));
    device.send(hex('ff'));
    await device.closed();
    await expectRowCounted(edge.kit, 22);
    await expectNextIsServed(edge);
  });

  it(row(9, 'closed in the middle of a frame, by an end and by a reset'), async () => {
    const edge = await listen();
    const ending = await edge.logIn(IMEI);
    ending.send(good.subarray(0, 30));
    ending.finish();
    expect(await ending.closed()).toBe('01');
    await expectRowCounted(edge.kit, 9);
    const resetting = await edge.logIn(IMEI);
    resetting.send(good.subarray(0, 30));
    await expectCount(edge, 'edge_bytes_total', {}, 2 * (login.length + 30));
    resetting.reset();
    await expectRowCounted(edge.kit, 9, 2);
    expect(edge.kit.sink.attempts).toBe(0);
    await expectNextIsServed(edge);
  });

  it(row(34, 'one connection above the limit'), async () => {
    const edge = await listen({ maxConnections: 1 });
    const first = await edge.logIn(IMEI);
    const second = await edge.connect();
    expect(await second.closed()).toBe('');
    await expectRowCounted(edge.kit, 34);
    first.destroy();
    await expectCount(edge, 'edge_sessions', { transport: 'tcp' }, 0);
    await expectNextIsServed(edge);
  });
});

describe('time', () => {
  it.each([
    ['no byte', Buffer.alloc(0)],
    ['pings', hex('ffff')],
    ['half a login', login.subarray(0, 9)],
  ])(row(5, 'login timeout with %s'), async (_, sent) => {
    const edge = await listen({ waitsMs: { login: SHORT_MS } });
    const device = await edge.connect();
    device.send(sent);
    expect(await device.closed()).toBe('');
    await expectRowCounted(edge.kit, 5);
    await expectNextIsServed(edge);
  });

  it(row(5, 'login timeout while the registry does not answer'), async () => {
    const edge = await listen({ waitsMs: { login: SHORT_MS } });
    let release = (): void => undefined;
    edge.kit.registry.before = () => new Promise((resolve) => (release = resolve));
    const device = await edge.connect();
    device.send(login);
    expect(await device.closed()).toBe('');
    release();
    edge.kit.registry.before = () => Promise.resolve();
    await expectRowCounted(edge.kit, 5);
    await expectNextIsServed(edge);
  });

  it(row(8, 'a length that says more than ever comes'), async () => {
    const edge = await listen({ waitsMs: { frame: SHORT_MS } });
    const device = await edge.logIn(IMEI);
    device.send(frameOf(2).subarray(0, 70));
    expect(await device.closed()).toBe('01');
    await expectRowCounted(edge.kit, 8);
    await expectNextIsServed(edge);
  });

  it.each([
    ['a frame', (edge: TestEdge) => edge.logIn(IMEI), frameOf(1), 'FRAME_TIMEOUT'],
    ['a login', (edge: TestEdge) => edge.connect(), login, 'LOGIN_TIMEOUT'],
  ])(row(33, '%s that drips in gets no more time'), async (_, open, dripped, code) => {
    const limitMs = 4 * SHORT_MS;
    const edge = await listen({ waitsMs: { frame: limitMs, login: limitMs } });
    const device = await open(edge);
    const startedAt = performance.now();
    let sent = 0;
    const drip = setInterval(() => device.send(dripped.subarray(sent, ++sent)), SHORT_MS / 2);
    await device.closed();
    clearInterval(drip);
    // Several came: each would have extended a limit on silence.
    expect(sent).toBeGreaterThanOrEqual(3);
    expect(performance.now() - startedAt).toBeLessThan(3 * limitMs);
    await expectRefusal(edge, code);
    await expectNextIsServed(edge);
  });

  it('a silent device is let go between frames', async () => {
    const edge = await listen({ waitsMs: { idle: SHORT_MS } });
    const device = await edge.logIn(IMEI);
    expect(await device.closed()).toBe('01');
    await expectRefusal(edge, 'IDLE_TIMEOUT');
    await expectNextIsServed(edge);
  });
});

describe('who is not known', () => {
  it(row(3, 'reject answers no and ends'), async () => {
    const edge = await listen({ policy: 'reject' });
    const device = await edge.connect();
    device.send(Buffer.concat([encodeLogin(UNKNOWN_IMEI), frameOf(1)]));
    expect(await device.closed()).toBe('00');
    await expectCount(edge, 'edge_logins_total', { result: 'rejected' }, 1);
    await expectRowCounted(edge.kit, 3);
    expect(edge.kit.sink.attempts).toBe(0);
    await expectNextIsServed(edge);
  });

  it(row(3, 'quarantine keeps the frames as dead letters and acknowledges them'), async () => {
    const edge = await listen({ policy: 'quarantine' });
    const device = await edge.logIn(UNKNOWN_IMEI);
    device.send(frameOf(3));
    expect(await device.next(4)).toBe(ack(3));
    expect(edge.kit.sink.parked).toMatchObject([
      { entry: { imei: UNKNOWN_IMEI, frame: frameOf(3) }, reason: { code: 'UNKNOWN_DEVICE' } },
    ]);
    await expectCount(edge, 'edge_logins_total', { result: 'quarantined' }, 1);
    await expectCount(edge, 'edge_frames_total', { result: 'parked' }, 1);
    await expectNextIsServed(edge);
  });

  it(row(3, 'enroll takes the frames'), async () => {
    const edge = await listen({ policy: 'enroll' });
    const device = await edge.logIn(UNKNOWN_IMEI);
    device.send(frameOf(3));
    expect(await device.next(4)).toBe(ack(3));
    expect(edge.kit.sink.appended).toMatchObject([{ entry: { imei: UNKNOWN_IMEI } }]);
    await expectCount(edge, 'edge_logins_total', { result: 'accepted' }, 1);
  });

  it('a disabled device is answered no under every policy', async () => {
    const edge = await listen({ policy: 'enroll' });
    edge.kit.registry.enable(IMEI, false);
    const device = await edge.connect();
    device.send(login);
    expect(await device.closed()).toBe('00');
    await expectRefusal(edge, 'DEVICE_DISABLED');
    await expectNextIsServed(edge);
  });

  it.each([
    ['not whole', (kit: Kit) => (kit.registry.isComplete = false)],
    ['unreadable', (kit: Kit) => (kit.registry.before = () => Promise.reject(new Error('no store')))],
    ['spoilt', (kit: Kit) => kit.registry.devices.set(IMEI, '{"enabled":"perhaps"}')],
  ])('a registry that is %s closes without an answer', async (_, spoil) => {
    const edge = await listen({ policy: 'enroll' });
    spoil(edge.kit);
    const device = await edge.connect();
    device.send(login);
    expect(await device.closed()).toBe('');
    await expectCount(edge, 'edge_logins_total', { result: 'not_ready' }, 1);
    await expectRefusal(edge, 'REGISTRY_NOT_READY');
  });
});
