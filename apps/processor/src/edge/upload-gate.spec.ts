import { createLogger } from '@app/common/observability';
import { Upload, UploadGate } from './upload-gate';

const STREAM = 'telemetry:teltonika:{3}';
const FRAME_BYTES = 4096;
/** Frames of a window, of which a device may have two that are not stored. */
const WINDOW_FRAMES = 32;
const LONGEST_WAIT_MS = 500;

let nowMs: number;
let stored: string | undefined | Error;
let looks: number;

beforeEach(() => {
  jest.useFakeTimers();
  [nowMs, stored, looks] = [0, '0-0', 0];
});
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const gateOf = (): UploadGate =>
  new UploadGate({
    storedUpTo: () => {
      looks += 1;
      return stored instanceof Error ? Promise.reject(stored) : Promise.resolve(stored);
    },
    logger: createLogger({ app: 'edge-test', level: 'silent' }),
    now: () => nowMs,
  });

async function elapse(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(0);
  for (let passed = 0; passed < ms; passed += 10) {
    nowMs += 10;
    await jest.advanceTimersByTimeAsync(10);
  }
}

/** Sends a frame as soon as the last one is passed; its entries are `1-0`, `2-0` and so on. */
class Device {
  readonly upload = new Upload();
  sent = 0;
  isWaiting = false;

  constructor(private readonly gate: UploadGate) {}

  /** Until it has to wait, or so many are sent. */
  sendUpTo(frames: number): void {
    while (!this.isWaiting && this.sent < frames) {
      this.sent += 1;
      if (!this.upload.grow(FRAME_BYTES)) continue;
      this.isWaiting = true;
      this.gate.wait(STREAM, this.upload, `${this.sent}-0`, { passed: () => (this.isWaiting = false) });
    }
  }
}

it('lets a device have two windows that are not stored, and each further one when one of them is', async () => {
  const device = new Device(gateOf());
  for (let window = 1; window <= 2; window += 1) {
    device.sendUpTo(1000);
    await elapse(0);
  }
  device.sendUpTo(1000);
  await elapse(100);
  expect([device.sent, device.isWaiting]).toEqual([2 * WINDOW_FRAMES, true]);
  stored = `${WINDOW_FRAMES - 1}-0`;
  await elapse(100);
  expect(device.isWaiting).toBe(true);
  stored = `${WINDOW_FRAMES}-0`;
  await elapse(30);
  expect(device.isWaiting).toBe(false);
  device.sendUpTo(1000);
  await elapse(100);
  expect([device.sent, device.isWaiting]).toEqual([3 * WINDOW_FRAMES, true]);
  stored = `${3 * WINDOW_FRAMES}-0`;
  await elapse(30);
});

it('never holds an ack for longer than half a second, and then lets one frame at a time through', async () => {
  const device = new Device(gateOf());
  device.sendUpTo(WINDOW_FRAMES);
  await elapse(0);
  device.sendUpTo(2 * WINDOW_FRAMES);
  await elapse(LONGEST_WAIT_MS - 20);
  expect(device.isWaiting).toBe(true);
  await elapse(40);
  expect(device.isWaiting).toBe(false);
  device.sendUpTo(1000);
  expect([device.sent, device.isWaiting]).toEqual([2 * WINDOW_FRAMES + 1, true]);
  stored = `${WINDOW_FRAMES}-0`;
  await elapse(30);
  device.sendUpTo(1000);
  await elapse(10);
  expect(device.sent).toBe(3 * WINDOW_FRAMES + 1);
  await elapse(LONGEST_WAIT_MS + 20);
});

it('asks once for all devices of a stream, and lets each go when its own is stored', async () => {
  const gate = gateOf();
  const [early, late] = [new Device(gate), new Device(gate)];
  late.sent = 1000;
  for (const device of [early, late, early, late]) {
    device.sendUpTo(device.sent + WINDOW_FRAMES);
    await elapse(0);
  }
  looks = 0;
  await elapse(100);
  expect(looks).toBeLessThanOrEqual(6);
  stored = `${WINDOW_FRAMES}-0`;
  await elapse(30);
  expect([early.isWaiting, late.isWaiting]).toEqual([false, true]);
  stored = `${1000 + WINDOW_FRAMES}-0`;
  await elapse(30);
  expect(late.isWaiting).toBe(false);
});

it('holds nobody where nothing is ever stored, and not for long where nobody can tell', async () => {
  stored = undefined;
  const alone = new Device(gateOf());
  for (let window = 1; window <= 5; window += 1) {
    alone.sendUpTo(1000);
    await elapse(0);
  }
  expect([alone.sent, alone.isWaiting]).toEqual([5 * WINDOW_FRAMES, false]);
  const device = new Device(gateOf());
  stored = '0-0';
  device.sendUpTo(WINDOW_FRAMES);
  await elapse(0);
  stored = new Error('no store');
  device.sendUpTo(1000);
  await elapse(LONGEST_WAIT_MS - 20);
  expect(device.isWaiting).toBe(true);
  await elapse(40);
  expect(device.isWaiting).toBe(false);
});
