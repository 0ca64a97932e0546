import { MemoryServer } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { encodeAck, encodeLogin } from '@app/teltonika-codec';
import { type DeviceLink } from './edge/device-link';
import { Session } from './edge/session';
import { edgeKit, frameOf, IMEI, OTHER_IMEI, type Kit } from './edge/session.testing';
import { deskKit, deviceFrame, queueCommand, told, type DeskKit } from './commands.test-kit';
import { encodeCommandFrame } from './commands/frames';

/** A link that keeps what is written; bytes of the device go in by `send`. */
class FakeLink implements DeviceLink {
  readonly transport = 'tcp';
  readonly peer = '192.0.2.1:40000';
  readonly address = '192.0.2.1';
  readonly written: string[] = [];
  isUp = true;
  isEnded = false;
  session: Session | undefined;

  send(...frames: readonly Buffer[]): void {
    this.session?.onBytes(Buffer.concat(frames));
  }
  write(bytes: Uint8Array): boolean {
    if (this.isUp) this.written.push(Buffer.from(bytes).toString('hex'));
    return this.isUp;
  }
  pause(): void {
    // One chunk at a time comes from these specs.
  }
  resume(): void {
    // See above.
  }
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {
    this.isEnded = true;
    this.session?.onClose();
  }
}

const ack = (count: number): string => encodeAck(count).toString('hex');
const command = (text: string, codec: '12' | '14' = '12'): string =>
  encodeCommandFrame({
    ...{ codec, text, imei: IMEI, command_id: '', traceparent: '', timeout_ms: '', expires_at_ms: '' },
  }).toString('hex');

/** Lets everything run that waits for nothing but promises and the turn's end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const open: FakeLink[] = [];
afterEach(() => {
  for (const link of open.splice(0)) link.destroy();
});

async function logIn(kit: Kit, imei = IMEI): Promise<FakeLink> {
  const link = new FakeLink();
  link.session = new Session(link, kit.parts);
  open.push(link);
  link.send(encodeLogin(imei));
  await settled();
  expect(link.written.shift()).toBe('01');
  return link;
}

async function edgeWith(commands: DeskKit): Promise<Kit> {
  return edgeKit({ commands: commands.desk });
}

/** As the service does on a note, without its reader. */
async function pass(kit: DeskKit, instance = 'edge:1'): Promise<void> {
  const entries = await kit.streams.range(`commands:outbound:{${instance}}`, '-', '+', 99);
  for (const entry of entries) kit.desk.noted(entry);
  await settled();
}

describe('a command', () => {
  it('waits for the frame in hand, is written behind its ack, and its answer is not acknowledged', async () => {
    const desk = deskKit();
    const kit = await edgeWith(desk);
    const link = await logIn(kit);
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    link.send(frameOf(3));
    await queueCommand(desk.streams, IMEI);
    await pass(desk);
    expect(link.written).toEqual([]);
    release();
    await settled();
    await pass(desk);
    expect(link.written).toEqual([ack(3), command('getver')]);
    link.send(deviceFrame('Ver:03.28'));
    await settled();
    expect(link.written).toHaveLength(2);
    expect(await told(desk.streams)).toEqual(['sent', 'answered Ver:03.28']);
  });

  it('is not written into a half-read frame, nor before the device has been quiet', async () => {
    const desk = deskKit('edge:1', new MemoryServer(), 100);
    const link = await logIn(await edgeWith(desk));
    await queueCommand(desk.streams, IMEI);
    const frame = frameOf(1);
    link.send(Buffer.from([0xff]));
    await pass(desk);
    expect(link.written).toEqual([]);
    link.send(frame.subarray(0, 20));
    await pass(desk);
    expect(link.session?.interject(() => Promise.resolve())).toBe(false);
    expect(link.written).toEqual([]);
    link.send(frame.subarray(20));
    await settled();
    expect(link.written).toEqual([ack(1)]);
    await eventually(() => link.written.length === 2, { what: 'the command' });
    expect(link.written).toEqual([ack(1), command('getver')]);
  });

  it('goes one at a time and in order, over answers glued to each other and to records', async () => {
    const desk = deskKit();
    const kit = await edgeWith(desk);
    const link = await logIn(kit);
    for (const text of ['getver', 'getinfo', 'getgps']) await queueCommand(desk.streams, IMEI, { text });
    await pass(desk);
    expect(link.written).toEqual([command('getver')]);
    // The answer between two frames in one segment, and a second message that answers nothing yet.
    link.send(frameOf(1, 1), deviceFrame('one'), deviceFrame('noise'), frameOf(2, 2));
    await eventually(() => link.written.length === 4, { what: 'the second command' });
    expect(link.written).toEqual([command('getver'), ack(1), ack(2), command('getinfo')]);
    link.send(deviceFrame('two'));
    await eventually(() => link.written.length === 5, { what: 'the third command' });
    link.send(deviceFrame('three'));
    await settled();
    expect(link.written.slice(4)).toEqual([command('getgps')]);
    expect((await told(desk.streams)).filter((line) => line !== 'sent')).toEqual([
      ...['answered one', 'unsolicited noise', 'answered two', 'answered three'],
    ]);
  });

  it('that nobody answers is of unknown outcome, ends the connection, and the next one has another', async () => {
    const desk = deskKit();
    const kit = await edgeWith(desk);
    const link = await logIn(kit);
    await queueCommand(desk.streams, IMEI, { text: 'cpureset', timeoutMs: 20 });
    await queueCommand(desk.streams, IMEI, { text: 'getver' });
    await pass(desk);
    await eventually(() => link.isEnded, { what: 'the end of the connection' });
    expect(link.written).toEqual([command('cpureset')]);
    link.destroy();
    const again = await logIn(kit);
    expect(again.written).toEqual([command('getver')]);
    again.send(deviceFrame('Ver:1'));
    await settled();
    expect(await told(desk.streams)).toEqual([
      ...['sent', 'unknown no answer within 0.02 s', 'sent', 'answered Ver:1'],
    ]);
  });

  it('is never written twice: a session that died with it leaves an unknown outcome', async () => {
    const server = new MemoryServer();
    const [first, second] = [deskKit('edge:1', server), deskKit('edge:2', server)];
    const link = await logIn(await edgeWith(first));
    await queueCommand(first.streams, IMEI);
    await pass(first);
    expect(link.written).toEqual([command('getver')]);
    // The whole instance is gone: nobody tells anything of the first session.
    const again = await logIn(await edgeWith(second));
    expect(again.written).toEqual([]);
    expect(await told(second.streams)).toEqual([
      'sent',
      'unknown it was handed to a session that ended without an answer',
    ]);
  });

  it('that has expired is told of and not written', async () => {
    const desk = deskKit();
    await queueCommand(desk.streams, IMEI, { expiresInMs: -1 });
    const link = await logIn(await edgeWith(desk));
    expect(link.written).toEqual([]);
    expect(await told(desk.streams)).toEqual(['expired']);
  });

  it('of codec 14 names the device, and its refusal is told; another IMEI in an answer is dropped', async () => {
    const desk = deskKit();
    const link = await logIn(await edgeWith(desk));
    await queueCommand(desk.streams, IMEI, { codec: '14' });
    await queueCommand(desk.streams, IMEI, { codec: '14', text: 'getinfo' });
    await pass(desk);
    expect(link.written).toEqual([command('getver', '14')]);
    link.send(deviceFrame('foreign', 14, OTHER_IMEI));
    await settled();
    expect(await desk.count('command_rejected_messages_total', { reason: 'foreign_imei' })).toBe(1);
    expect(await told(desk.streams)).toEqual(['sent']);
    link.send(deviceFrame('', 14, IMEI, 0x11));
    await settled();
    link.send(deviceFrame('RTC:1', 14, IMEI));
    await settled();
    expect(await told(desk.streams)).toEqual(['sent', 'nacked ', 'sent', 'answered RTC:1']);
  });
});

describe('what a device says unasked', () => {
  it('is published with its codec and never acknowledged', async () => {
    const desk = deskKit();
    const link = await logIn(await edgeWith(desk));
    link.send(
      deviceFrame('serial', 13),
      deviceFrame('rs232', 15, IMEI, 0x0b),
      deviceFrame('late', 12),
      deviceFrame('photo', 12, undefined, 0x0d),
    );
    await settled();
    expect(link.written).toEqual([]);
    expect(await told(desk.streams)).toEqual([
      ...['unsolicited serial', 'unsolicited rs232', 'unsolicited late', 'unsolicited photo'],
    ]);
  });
});

describe('of two instances', () => {
  it('the one with the newest login has the device; the other is told and ends between frames', async () => {
    const server = new MemoryServer();
    const [first, second] = [deskKit('edge:1', server), deskKit('edge:2', server)];
    const kit = await edgeWith(first);
    const old = await logIn(kit);
    let release = (): void => undefined;
    kit.sink.before = () => new Promise((resolve) => (release = resolve));
    old.send(frameOf(2));
    const fresh = await logIn(await edgeWith(second));
    await pass(first, 'edge:1');
    expect(old.isEnded).toBe(false);
    release();
    await settled();
    expect(old.written).toEqual([ack(2)]);
    expect(old.isEnded).toBe(true);
    old.destroy();
    await settled();
    await queueCommand(first.streams, IMEI);
    await pass(second, 'edge:2');
    expect(fresh.written).toEqual([command('getver')]);
  });

  it('the loser finds out by itself when the note is lost', async () => {
    const server = new MemoryServer();
    const [first, second] = [deskKit('edge:1', server), deskKit('edge:2', server)];
    const old = await logIn(await edgeWith(first));
    const fresh = await logIn(await edgeWith(second));
    await first.desk.keepConnections();
    await second.desk.keepConnections();
    expect([old.isEnded, fresh.isEnded]).toEqual([true, false]);
  });

  it('a renewal also finds the command whose note was lost', async () => {
    const desk = deskKit();
    const link = await logIn(await edgeWith(desk));
    await queueCommand(desk.streams, IMEI);
    await desk.desk.keepConnections();
    await settled();
    expect(link.written).toEqual([command('getver')]);
  });
});
