import { TestDevice } from '../../apps/processor/src/edge/device.testing';
import { encodeAck } from '@app/teltonika-codec';
import { imeiOf } from '../shared/device';

const DEVICES = 20;
const PAUSE_MS = 40;

export interface Service {
  readonly frames: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Devices that log in, send a frame, wait for its ack, rest, and so on. Rejects when one of them is not served. */
export async function beServed(
  port: number,
  frame: Buffer,
  records: number,
  forMs: number,
): Promise<Service> {
  const until = performance.now() + forMs;
  const tookMs: number[] = [];
  const ack = encodeAck(records).toString('hex');
  const live = async (number: number): Promise<void> => {
    const device = await TestDevice.loggedIn(port, imeiOf(number));
    while (performance.now() < until) {
      const sentAt = performance.now();
      device.send(frame);
      const heard = await device.next(ack.length / 2);
      if (heard !== ack) throw new Error(`the ack was ${heard}`);
      tookMs.push(performance.now() - sentAt);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    device.destroy();
  };
  await Promise.all(Array.from({ length: DEVICES }, (_, number) => live(number)));
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.floor((tookMs.length - 1) * share)] ?? NaN;
  return { frames: tookMs.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
