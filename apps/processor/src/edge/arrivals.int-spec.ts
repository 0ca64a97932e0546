import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@app/common/observability';
import { eventually } from '@app/common/testing';
import { encodeLogin } from '@app/teltonika-codec';
import { selfSigned } from './certificate.testing';
import { TestDevice } from './device.testing';
import { TestEdge } from './edge.testing';
import { ack, listening, SHORT_MS } from './listening.testing';
import { frameOf, IMEI } from './session.testing';
import { TlsDoor, type KeyPair } from './tls-door';
import { TlsKeys } from './tls-keys';

/* What happens before the first byte of the protocol: TLS, and the header of a proxy. */

const listen = listening();

const first = selfSigned('first');
const second = selfSigned('second');
const refusals = (edge: TestEdge, code: string, wanted = 1): Promise<unknown> =>
  eventually(async () => (await edge.kit.count('edge_refusals_total', { code })) === wanted, { what: code });

async function expectServed(device: TestDevice): Promise<void> {
  await device.logIn(IMEI);
  device.send(Buffer.concat([frameOf(2, 1), frameOf(3, 2)]));
  expect(await device.next(8)).toBe(`${ack(2)}${ack(3)}`);
}

describe('TLS', () => {
  const door = (): TlsDoor => new TlsDoor(first, undefined);

  it('carries the same session', async () => {
    const edge = await listen({ door: door() });
    await expectServed(await edge.connectTls());
    expect(edge.kit.sink.appended.map(({ entry }) => entry.transport)).toEqual(['tls', 'tls']);
    expect(await edge.kit.count('edge_sessions', { transport: 'tls' })).toBe(1);
  });

  it('ends a refused login only after its answer', async () => {
    const edge = await listen({ door: door(), policy: 'reject' });
    const device = await edge.connectTls();
    device.send(encodeLogin('359633100000001'));
    expect(await device.closed()).toBe('00');
  });

  it('gives new handshakes the new pair and leaves sessions alone', async () => {
    const used = door();
    const edge = await listen({ door: used });
    const before = await edge.connectTls();
    await before.logIn(IMEI);
    used.use(second);
    const after = await edge.connectTls();
    expect([before.commonName, after.commonName]).toEqual(['first', 'second']);
    before.send(frameOf(2));
    expect(await before.next(4)).toBe(ack(2));
    expect(() => used.use({ cert: first.cert, key: second.key })).toThrow();
    expect((await edge.connectTls()).commonName).toBe('second');
  });

  it('is refused below version 1.2, and where it is none', async () => {
    const edge = await listen({ door: door() });
    await expect(TestDevice.connectTls(edge.port, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
    await refusals(edge, 'TLS_HANDSHAKE_FAILED');
    const plain = await edge.connect();
    plain.send(encodeLogin(IMEI));
    await plain.closed();
    await refusals(edge, 'TLS_HANDSHAKE_FAILED', 2);
    await expectServed(await edge.connectTls());
  });

  it('has a deadline that dripping bytes do not extend', async () => {
    const edge = await listen({ door: door(), handshakeMs: 4 * SHORT_MS });
    const device = await edge.connect();
    const hello = Buffer.from('16030102000100', 'hex');
    let sent = 0;
    const startedAt = performance.now();
    const drip = setInterval(() => device.send(hello.subarray(sent, ++sent)), SHORT_MS / 2);
    await device.closed();
    clearInterval(drip);
    expect(sent).toBeGreaterThanOrEqual(3);
    expect(performance.now() - startedAt).toBeLessThan(12 * SHORT_MS);
    await refusals(edge, 'HANDSHAKE_TIMEOUT');
    await expectServed(await edge.connectTls());
  });
});

describe('the files of certificate and key', () => {
  let folder = '';
  let keys: TlsKeys | undefined;
  const logger = createLogger({ app: 'edge-test', level: 'silent' });
  const certFile = (): string => join(folder, 'tls.crt');
  const keyFile = (): string => join(folder, 'tls.key');
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'odograph-tls-'))));
  afterEach(async () => {
    await keys?.stop();
    await rm(folder, { recursive: true });
  });

  async function put({ cert, key }: Partial<KeyPair>): Promise<void> {
    for (const [file, content] of [
      [certFile(), cert],
      [keyFile(), key],
    ] as const) {
      if (content === undefined) continue;
      await writeFile(`${file}.new`, content);
      await rename(`${file}.new`, file);
    }
  }

  it('are followed, also through a pair that does not fit', async () => {
    await put(first);
    const error = jest.spyOn(logger, 'error');
    keys = new TlsKeys({ certFile: certFile(), keyFile: keyFile(), ciphers: undefined, checkMs: 5, logger });
    keys.start();
    const edge = await listen({ door: keys.door });
    const device = await edge.connectTls();
    await put({ cert: second.cert });
    const refused = expect.objectContaining({ event: 'edge_tls_keys_refused' }) as unknown;
    await eventually(() => error.mock.calls.length > 0, { what: 'the half change to be refused' });
    expect(error).toHaveBeenCalledWith(refused);
    expect((await edge.connectTls()).commonName).toBe('first');
    await put({ key: second.key });
    await eventually(async () => (await edge.connectTls()).commonName === 'second', { what: 'the new pair' });
    expect(error).toHaveBeenCalledTimes(1);
    await expectServed(device);
  });

  it.each([
    ['missing', {}, 'EDGE_TLS_CERT_FILE'],
    ['without a key', { cert: first.cert }, 'EDGE_TLS_KEY_FILE'],
    ['of two pairs', { cert: first.cert, key: second.key }, 'EDGE_TLS_CERT_FILE'],
  ])('that are %s stop the start and are named', async (_, pair, setting) => {
    await put(pair);
    const make = (): TlsKeys =>
      new TlsKeys({ certFile: certFile(), keyFile: keyFile(), ciphers: undefined, checkMs: 5, logger });
    expect(make).toThrow(setting);
  });
});

describe('a PROXY header', () => {
  const header = Buffer.from('PROXY TCP4 192.0.2.9 127.0.0.1 40000 5027\r\n');
  const local = ['127.0.0.0/8'];

  it('names the device behind a trusted proxy, glued to the login or in pieces', async () => {
    const edge = await listen({ proxies: local });
    const glued = await edge.connect();
    glued.send(Buffer.concat([header, encodeLogin(IMEI), frameOf(1)]));
    expect(await glued.next(5)).toBe(`01${ack(1)}`);
    const cut = await edge.connect();
    cut.send(header.subarray(0, 9));
    cut.send(header.subarray(9));
    await expectServed(cut);
    expect(edge.kit.sink.appended.map(({ entry }) => entry.peer)).toEqual(Array(3).fill('192.0.2.9:40000'));
  });

  it('precedes the TLS handshake, glued or not', async () => {
    const edge = await listen({ proxies: local, door: new TlsDoor(first, undefined) });
    await expectServed(await TestDevice.connectTls(edge.port, { before: header }));
    expect(edge.kit.sink.appended.map(({ entry }) => entry.peer)).toEqual(Array(2).fill('192.0.2.9:40000'));
  });

  it('that never comes does not outlive the listener', async () => {
    const edge = await TestEdge.listen({ proxies: local });
    const device = await TestDevice.connect(edge.port);
    device.send(header.subarray(0, 9));
    await eventually(() => edge.connections === 1, { what: 'the connection' });
    await edge.close();
    await device.closed();
  });

  it('is demanded of trusted addresses, in time, and read from nobody else', async () => {
    const edge = await listen({ proxies: local, handshakeMs: SHORT_MS });
    const without = await edge.connect();
    without.send(encodeLogin(IMEI));
    await without.closed();
    await refusals(edge, 'PROXY_HEADER_INVALID');
    await (await edge.connect()).closed();
    await refusals(edge, 'HANDSHAKE_TIMEOUT');
    const stranger = await listen({ proxies: ['192.0.2.0/24'] });
    const liar = await stranger.connect();
    liar.send(header);
    await liar.closed();
    await refusals(stranger, 'NOT_TELTONIKA');
  });

  it('of the proxy itself leaves its own address', async () => {
    const edge = await listen({ proxies: local });
    const device = await edge.connect();
    device.send(Buffer.from('PROXY UNKNOWN\r\n'));
    await expectServed(device);
    expect(edge.kit.sink.appended[0]?.entry.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });
});
