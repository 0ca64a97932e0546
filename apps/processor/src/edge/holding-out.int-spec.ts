import { eventually } from '@app/common/testing';
import { encodeLogin } from '@app/teltonika-codec';
import { type TestEdge } from './edge.testing';
import { ack, listening } from './listening.testing';
import { frameOf, IMEI, OTHER_IMEI } from './session.testing';

/* What the edge does to last: age, caps by address, bytes held in all, two devices with one IMEI, a stop. */

const listen = listening();

const count = (
  edge: TestEdge,
  name: string,
  labels: Record<string, string>,
  wanted: number,
): Promise<unknown> =>
  eventually(async () => (await edge.kit.count(name, labels)) === wanted, {
    what: `${name} to be ${wanted}`,
  });
const past = (tick: number): Promise<unknown> =>
  eventually(() => performance.now() > tick, { what: 'the time' });
const UNKNOWN = ['359633100000001', '359633100000002', '359633100000003', '359633100000004'];
const AGE_MS = 200;

describe('the age of a session', () => {
  it('ends it behind the ack of the frame that has begun, and not before', async () => {
    const edge = await listen({ ageMs: AGE_MS });
    const device = await edge.logIn(IMEI);
    device.send(frameOf(2).subarray(0, 30));
    await past(performance.now() + 1.3 * AGE_MS);
    device.send(Buffer.concat([frameOf(2).subarray(30, 50)]));
    device.send(frameOf(2).subarray(50));
    expect(await device.closed()).toBe(`01${ack(2)}`);
    expect(edge.kit.sink.appended).toHaveLength(1);
    // It is no refusal.
    for (const code of ['INPUT_CUT', 'FRAME_TIMEOUT']) await count(edge, 'edge_refusals_total', { code }, 0);
  });

  it('says nothing before it is reached', async () => {
    const edge = await listen({ ageMs: 60_000 });
    const device = await edge.logIn(IMEI);
    for (let turn = 0; turn < 3; turn += 1) {
      device.send(frameOf(1, turn));
      expect(await device.next(4)).toBe(ack(1));
    }
    await count(edge, 'edge_sessions', { transport: 'tcp' }, 1);
  });
});

it('a stop lets a device finish the frame that it has begun', async () => {
  const edge = await listen();
  const device = await edge.logIn(IMEI);
  device.send(frameOf(2).subarray(0, 30));
  await count(edge, 'edge_bytes_total', {}, 17 + 30);
  const drained = edge.kit.table.drain(5_000);
  device.send(frameOf(2).subarray(30));
  expect(await device.closed()).toBe(`01${ack(2)}`);
  expect(await drained).toEqual({ abandoned: 0 });
});

describe('bad logins of one address', () => {
  it('get no answer above the cap; good ones and other addresses are as before', async () => {
    const edge = await listen({ policy: 'reject', badLoginsPerMinute: 3 });
    const answers: string[] = [];
    for (const imei of UNKNOWN) {
      const device = await edge.connect();
      device.send(encodeLogin(imei));
      answers.push(await device.closed());
    }
    expect(answers).toEqual(['00', '00', '00', '']);
    const spelt = await edge.connect();
    spelt.send(Buffer.from('\0\x0f35630704244101A', 'latin1'));
    expect(await spelt.closed()).toBe('');
    await count(edge, 'edge_logins_total', { result: 'limited' }, 2);
    await count(edge, 'edge_refusals_total', { code: 'LOGIN_RATE' }, 2);
    for (const imei of [IMEI, OTHER_IMEI, IMEI]) (await edge.logIn(imei)).destroy();
    const elsewhere = await edge.connect('127.0.0.2');
    elsewhere.send(encodeLogin('359633100000005'));
    expect(await elsewhere.closed()).toBe('00');
  });

  it('make its next connections take turns, slowly, and nobody else', async () => {
    const edge = await listen({ policy: 'reject', badLoginsPerMinute: 1, badAddressPerSecond: 20 });
    const served = await edge.logIn(OTHER_IMEI);
    const bad = await edge.connect();
    bad.send(encodeLogin('359633100000001'));
    await bad.closed();
    const startedAt = performance.now();
    const waiting = await Promise.all(Array.from({ length: 5 }, () => edge.connect()));
    for (const device of waiting) device.send(encodeLogin('359633100000002'));
    const good = await edge.connect();
    good.send(Buffer.concat([encodeLogin(IMEI), frameOf(1)]));
    // What is open goes on at once, and so does what comes from elsewhere.
    served.send(frameOf(2));
    expect(await served.next(4)).toBe(ack(2));
    (await edge.connect('127.0.0.2')).send(encodeLogin('359633100000003'));
    await count(edge, 'edge_logins_total', { result: 'rejected' }, 2);
    expect(await good.next(5)).toBe(`01${ack(1)}`);
    // Behind five others, one each twentieth of a second.
    expect(performance.now() - startedAt).toBeGreaterThan(200);
    for (const device of waiting) expect(await device.closed()).toBe('');
  });

  it('are also those that are no login, and those whose frames would be quarantined', async () => {
    const edge = await listen({ policy: 'quarantine', badLoginsPerMinute: 2 });
    const scan = await edge.connect();
    scan.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await scan.closed();
    const first = await edge.connect();
    await first.logIn('359633100000001');
    const second = await edge.connect();
    second.send(Buffer.concat([encodeLogin('359633100000002'), frameOf(1)]));
    expect(await second.closed()).toBe('');
    expect(edge.kit.sink.attempts).toBe(0);
    await edge.logIn(IMEI);
  });

  it('are not those that we kept waiting', async () => {
    const edge = await listen({ badLoginsPerMinute: 1, waitsMs: { login: 100 } });
    edge.kit.registry.before = () => new Promise(() => undefined);
    const waiting = await edge.connect();
    waiting.send(encodeLogin(IMEI));
    await waiting.closed();
    edge.kit.registry.before = () => Promise.resolve();
    await (await edge.connect()).logIn('359633100000001');
  });
});

it('an IMEI that is not registered is looked up once in a while only', async () => {
  const edge = await listen({ policy: 'reject', registryRecheckMs: AGE_MS });
  const [imei = ''] = UNKNOWN;
  let lookups = 0;
  edge.kit.registry.before = () => {
    lookups += 1;
    return Promise.resolve();
  };
  const answer = async (): Promise<string> => {
    const device = await edge.connect();
    device.send(encodeLogin(imei));
    const heard = await device.next(1);
    device.destroy();
    return heard;
  };
  const startedAt = performance.now();
  expect([await answer(), await answer()]).toEqual(['00', '00']);
  if (performance.now() - startedAt < AGE_MS) expect(lookups).toBe(1);
  edge.kit.registry.enable(imei);
  await eventually(async () => (await answer()) === '01', { what: 'the device that was added to be let in' });
});

describe('two devices with one IMEI', () => {
  it('are both served once they have taken it from each other often enough, and named once', async () => {
    const edge = await listen();
    const one = '127.0.0.2';
    const other = '127.0.0.3';
    for (const from of [one, other, one, other]) await (await edge.connect(from)).logIn(IMEI);
    await count(edge, 'edge_sessions', { transport: 'tcp' }, 1);
    await count(edge, 'edge_identity_conflicts_total', {}, 0);
    const first = await edge.connect(one);
    await first.logIn(IMEI);
    await count(edge, 'edge_identity_conflicts_total', {}, 1);
    // The last one of `other` is still there, and so is whoever comes next; the oldest of three goes.
    const second = await edge.connect(other);
    await second.logIn(IMEI);
    for (let turn = 0; turn < 3; turn += 1) {
      for (const device of [first, second]) {
        device.send(frameOf(1, turn));
        expect(await device.next(4)).toBe(ack(1));
      }
    }
    await count(edge, 'edge_sessions', { transport: 'tcp' }, 2);
    await count(edge, 'edge_identity_conflicts_total', {}, 1);
    second.destroy();
    await count(edge, 'edge_sessions', { transport: 'tcp' }, 1);
    first.send(frameOf(2));
    expect(await first.next(4)).toBe(ack(2));
    expect(edge.kit.table.devices).toBe(1);
    first.destroy();
    await eventually(() => edge.kit.table.devices === 0, { what: 'the table to be empty' });
  });
});

it('who holds too much reads no further, and the others are served', async () => {
  const edge = await listen({ bufferBytes: 4_000, waitsMs: { frame: 600 } });
  const good = await edge.logIn(OTHER_IMEI);
  const large = await edge.logIn(IMEI);
  const header = Buffer.from('00000000' + '00001ff0' + '08ff', 'hex');
  large.send(Buffer.concat([header, Buffer.alloc(5_000)]));
  await eventually(() => edge.kit.parts.budget.used > 5_000, { what: 'the large frame to be held' });
  large.send(Buffer.alloc(1_000));
  for (let turn = 0; turn < 20; turn += 1) {
    good.send(frameOf(3, turn));
    expect(await good.next(4)).toBe(ack(3));
  }
  expect(edge.kit.parts.budget.used).toBe(5_000 + header.length);
  await large.closed();
  await count(edge, 'edge_refusals_total', { code: 'FRAME_TIMEOUT' }, 1);
  await eventually(() => edge.kit.parts.budget.used === 0, { what: 'all bytes to be let go' });
});
