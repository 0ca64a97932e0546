import fc from 'fast-check';
import { encodeAck, encodeLogin } from '@app/teltonika-codec';
import { type DeviceLink } from './device-link';
import { Session } from './session';
import { corrupted, edgeKit, frameOf, IMEI, OTHER_IMEI, type Kit } from './session.testing';

/** A link whose socket is a list: bytes wait in it while the session has paused it. */
class FakeLink implements DeviceLink {
  readonly transport = 'tcp';
  readonly peer = '192.0.2.1:40000';
  readonly address = '192.0.2.1';
  readonly written: string[] = [];
  fate: 'open' | 'ended' | 'destroyed' = 'open';
  onWrite: (hex: string) => void = () => undefined;
  private readonly queue: Buffer[] = [];
  private isPaused = false;
  private isDelivering = false;
  session: Session | undefined;

  send(...chunks: readonly Buffer[]): void {
    this.queue.push(...chunks);
    this.deliver();
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.fate !== 'open') return Promise.resolve(false);
    const hex = Buffer.from(bytes).toString('hex');
    this.onWrite(hex);
    this.written.push(hex);
    return Promise.resolve(true);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.deliver();
  }

  end(): void {
    if (this.fate === 'open') this.fate = 'ended';
  }

  destroy(): void {
    if (this.fate === 'destroyed') return;
    this.fate = 'destroyed';
    this.session?.onClose();
  }

  private deliver(): void {
    if (this.isDelivering) return;
    this.isDelivering = true;
    for (let chunk = this.next(); chunk !== undefined; chunk = this.next()) {
      // Sockets are read into one buffer, which the next read overwrites.
      const lent = Buffer.from(chunk);
      this.session?.onBytes(lent);
      lent.fill(0xee);
    }
    this.isDelivering = false;
  }

  private next(): Buffer | undefined {
    return this.isPaused || this.fate !== 'open' ? undefined : this.queue.shift();
  }
}

/** Lets everything run that waits for nothing but promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const links: FakeLink[] = [];

function connect(kit: Kit): FakeLink {
  const link = new FakeLink();
  link.session = new Session(link, kit.parts);
  links.push(link);
  return link;
}

afterEach(() => {
  for (const link of links.splice(0)) link.session?.abandon();
});

/** Cuts bytes at the given places. */
function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length]
    .map((end, index, all) => bytes.subarray(all[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
}

const ack = (count: number): string => encodeAck(count).toString('hex');

describe('a stream of login, frames and pings', () => {
  const pieces = fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.integer({ min: 1, max: 5 }).map((records) => ({ kind: 'frame' as const, records })),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'ping' as const, records: 0 }) },
    ),
    { maxLength: 12 },
  );
  const cuts = fc.array(fc.nat(5_000), { maxLength: 20 });

  it('gives the same appends and the same acks in order however it is cut and however slow the store is', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, cuts, fc.scheduler(), async (stream, places, scheduler) => {
        const kit = await edgeKit();
        const link = connect(kit);
        const frames = stream.map(({ kind, records }, index) =>
          kind === 'frame' ? frameOf(records, index) : Buffer.from([0xff]),
        );
        let underWay = 0;
        kit.sink.before = scheduler.scheduleFunction(async () => {
          underWay += 1;
          expect(underWay).toBe(1);
          await Promise.resolve();
          underWay -= 1;
        });
        // Never more acks than frames that are durable: the login's answer is the first write.
        link.onWrite = () => expect(link.written.length).toBeLessThanOrEqual(kit.sink.appended.length);

        link.send(...split(Buffer.concat([encodeLogin(IMEI), ...frames]), places));
        await settled();
        for (; scheduler.count() > 0; await settled()) await scheduler.waitOne();

        const expected = stream.filter(({ kind }) => kind === 'frame').map(({ records }) => records);
        expect(link.written).toEqual(['01', ...expected.map(ack)]);
        expect(kit.sink.appended.map(({ entry }) => entry.frame.toString('hex'))).toEqual(
          frames.filter(({ length }) => length > 1).map((frame) => frame.toString('hex')),
        );
        expect(link.fate).toBe('open');
        link.session?.abandon();
      }),
      { numRuns: 150 },
    );
  });
});

describe('an ack', () => {
  it('is not written before the append has resolved', async () => {
    const kit = await edgeKit();
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), frameOf(3));
    await settled();
    expect(kit.sink.attempts).toBe(1);
    expect(link.written).toEqual(['01']);
    release();
    await settled();
    expect(link.written).toEqual(['01', ack(3)]);
    expect(await kit.count('edge_frames_total', { result: 'acked' })).toBe(1);
    expect(await kit.count('edge_records_total')).toBe(3);
  });

  it('is not counted for a device that is gone by then', async () => {
    const kit = await edgeKit();
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), frameOf(1));
    await settled();
    link.destroy();
    release();
    await settled();
    expect(kit.sink.appended).toHaveLength(1);
    expect(await kit.count('edge_frames_total', { result: 'unanswered' })).toBe(1);
    expect(await kit.count('edge_records_total')).toBe(0);
    expect(kit.table.size).toBe(0);
  });
});

describe('a store that does not take a frame', () => {
  it('is asked again until it does, while the device waits', async () => {
    const kit = await edgeKit();
    let failures = 2;
    kit.sink.before = () => (failures-- > 0 ? Promise.reject(new Error('no store')) : Promise.resolve());
    const link = connect(kit);
    const acked = new Promise((resolve) => (link.onWrite = (hex) => hex === ack(1) && resolve(hex)));
    link.send(encodeLogin(IMEI), frameOf(1));
    await acked;
    expect(kit.sink.attempts).toBe(3);
    expect(kit.sink.appended).toHaveLength(1);
    expect(link.fate).toBe('open');
  });

  it.each([
    ['that hangs', () => new Promise<void>(() => undefined)],
    ['that fails', () => Promise.reject(new Error('no store'))],
  ])('costs the connection after the hold: one %s', async (_, before) => {
    const kit = await edgeKit({ holdMs: 200 });
    kit.sink.before = before;
    const link = connect(kit);
    const startedAt = performance.now();
    link.send(encodeLogin(IMEI), frameOf(1));
    await link.session?.closed;
    expect(performance.now() - startedAt).toBeGreaterThan(150);
    expect(link.fate).toBe('destroyed');
    expect(link.written).toEqual(['01']);
    expect(await kit.count('edge_refusals_total', { code: 'STORE_DOWN' })).toBe(1);
  });

  it('is not asked again for a device that is gone', async () => {
    const kit = await edgeKit();
    let fail = (): void => undefined;
    kit.sink.before = () => new Promise((_resolve, reject) => (fail = () => reject(new Error('no store'))));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), frameOf(1));
    await settled();
    link.destroy();
    fail();
    await settled();
    expect(kit.sink.attempts).toBe(1);
    expect(await kit.count('edge_frames_total', { result: 'refused' })).toBe(1);
  });

  it('is not asked again either when the device goes while it is asked a second time', async () => {
    const kit = await edgeKit();
    let fail = (): void => undefined;
    kit.sink.before = () => new Promise((_resolve, reject) => (fail = () => reject(new Error('no store'))));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), frameOf(1));
    await settled();
    fail();
    await settled();
    expect(kit.sink.attempts).toBe(2);
    link.destroy();
    fail();
    await settled();
    expect(kit.sink.attempts).toBe(2);
    expect(await kit.count('edge_frames_total', { result: 'refused' })).toBe(1);
  });
});

describe('a second connection of a device', () => {
  it('ends the old one after its frame in hand and does not overtake it', async () => {
    const kit = await edgeKit();
    const releases: (() => void)[] = [];
    kit.sink.before = () => new Promise((resolve) => releases.push(resolve));
    const old = connect(kit);
    old.send(encodeLogin(IMEI), frameOf(1, 1), frameOf(1, 2));
    await settled();
    const fresh = connect(kit);
    fresh.send(encodeLogin(IMEI), frameOf(2, 3));
    await settled();
    expect(fresh.written).toEqual(['01']);
    expect(kit.sink.attempts).toBe(1);
    releases.shift()?.();
    await settled();
    expect(old.written).toEqual(['01', ack(1)]);
    expect(old.fate).toBe('ended');
    releases.shift()?.();
    await settled();
    expect(fresh.written).toEqual(['01', ack(2)]);
    expect(kit.sink.appended.map(({ entry }) => entry.frame)).toEqual([frameOf(1, 1), frameOf(2, 3)]);
    expect(kit.table.devices).toBe(1);
  });

  it('does not overtake the old one either when that is cut off first', async () => {
    const kit = await edgeKit();
    const releases: (() => void)[] = [];
    kit.sink.before = () => new Promise((resolve) => releases.push(resolve));
    const old = connect(kit);
    old.send(encodeLogin(IMEI), frameOf(1, 1));
    await settled();
    old.destroy();
    const fresh = connect(kit);
    fresh.send(encodeLogin(IMEI), frameOf(2, 2));
    await settled();
    expect(kit.sink.attempts).toBe(1);
    for (let turn = 0; turn < 2; turn += 1) {
      releases.shift()?.();
      await settled();
    }
    expect(kit.sink.appended.map(({ entry }) => entry.frame)).toEqual([frameOf(1, 1), frameOf(2, 2)]);
    fresh.destroy();
    await settled();
    expect(kit.table.devices).toBe(0);
  });

  it('of another device changes nothing', async () => {
    const kit = await edgeKit();
    kit.registry.enable(OTHER_IMEI);
    const one = connect(kit);
    one.send(encodeLogin(IMEI));
    const other = connect(kit);
    other.send(encodeLogin(OTHER_IMEI));
    await settled();
    expect([one.fate, other.fate]).toEqual(['open', 'open']);
  });
});

describe('a frame with a wrong CRC', () => {
  it('is asked for again twice, then kept as a dead letter, over reconnects', async () => {
    const kit = await edgeKit();
    const bad = corrupted(frameOf(4));
    const first = connect(kit);
    first.send(encodeLogin(IMEI), bad);
    await settled();
    const second = connect(kit);
    second.send(encodeLogin(IMEI), bad, bad, bad);
    await settled();
    expect([...first.written, ...second.written]).toEqual(['01', ack(0), '01', ack(0), ack(4), ack(0)]);
    expect(kit.sink.parked).toMatchObject([
      { entry: { frame: bad }, reason: { code: 'CRC_REPEATED', attempts: 3 } },
    ]);
  });

  it('starts to count anew after a good frame or another bad one', async () => {
    const kit = await edgeKit();
    const bad = corrupted(frameOf(4));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), bad, bad, frameOf(1), bad, bad, corrupted(frameOf(2)), bad);
    await settled();
    expect(link.written.slice(1)).toEqual([0, 0, 1, 0, 0, 0, 0].map(ack));
    expect(kit.sink.parked).toEqual([]);
  });
});

describe('the registry', () => {
  it('is asked again on an open session: a device that was added leaves the quarantine', async () => {
    const kit = await edgeKit({ registryRecheckMs: 0 });
    const link = connect(kit);
    link.send(encodeLogin(OTHER_IMEI), frameOf(1, 1));
    await settled();
    expect(kit.sink.parked).toMatchObject([{ reason: { code: 'UNKNOWN_DEVICE' } }]);
    kit.registry.enable(OTHER_IMEI);
    link.send(frameOf(2, 2));
    await settled();
    expect(kit.sink.appended).toHaveLength(1);
    kit.registry.enable(OTHER_IMEI, false);
    link.send(frameOf(2, 3));
    await settled();
    expect(link.written).toEqual(['01', ack(1), ack(2)]);
    expect(link.fate).toBe('destroyed');
    expect(await kit.count('edge_refusals_total', { code: 'DEVICE_DISABLED' })).toBe(1);
  });

  it('that is gone for a while does not touch who is logged in', async () => {
    const kit = await edgeKit({ registryRecheckMs: 0 });
    const link = connect(kit);
    link.send(encodeLogin(IMEI));
    await settled();
    kit.registry.isComplete = false;
    link.send(frameOf(1));
    await settled();
    expect(link.written).toEqual(['01', ack(1)]);
  });
});

describe('a stop', () => {
  it('acknowledges the frame in hand, takes no further one and ends', async () => {
    const kit = await edgeKit();
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    const busy = connect(kit);
    busy.send(encodeLogin(IMEI), frameOf(1, 1), frameOf(1, 2));
    const idle = connect(kit);
    await settled();
    const drained = kit.table.drain(10_000);
    await settled();
    expect([busy.fate, idle.fate]).toEqual(['open', 'ended']);
    release();
    await settled();
    expect(busy.written).toEqual(['01', ack(1)]);
    expect(busy.fate).toBe('ended');
    expect(kit.sink.attempts).toBe(1);
    busy.session?.onClose();
    idle.session?.onClose();
    expect(await drained).toEqual({ abandoned: 0 });
  });

  it('gives up what does not finish within its budget', async () => {
    const kit = await edgeKit();
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    const link = connect(kit);
    link.send(encodeLogin(IMEI), frameOf(1));
    await settled();
    expect(await kit.table.drain(20)).toEqual({ abandoned: 1 });
    release();
    await settled();
    expect(link.fate).toBe('destroyed');
    expect(link.written).toEqual(['01']);
  });
});
