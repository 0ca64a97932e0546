import { Device, imeiOf, logInAll } from '../shared/device';
import { FrameSeries } from './frames';

export interface LoadFigures {
  readonly acked: number;
  readonly ackMs: readonly number[];
}

/**
 * Devices that send a frame of new records and wait for its ack, all together only as many frames as they were allowed:
 * without that the stream would grow for as long as frames are acked faster than rows are written.
 */
export class Load {
  private readonly devices: Sender[] = [];
  private readonly waiting: Sender[] = [];
  private allowed = 0;
  private sent = 0;
  private acked = 0;
  private ackMs: number[] = [];

  constructor(
    private readonly port: number,
    private readonly startMs: number,
  ) {}

  async connect(count: number): Promise<void> {
    await logInAll(count, async (number) => {
      const device = new Sender(this.port, number, this.startMs, (one, tookMs) => this.onAck(one, tookMs));
      this.devices.push(device);
      await device.login();
      this.waiting.push(device);
    });
  }

  /** Lets so many frames be sent in all, from the beginning. Answers with what was acked since the last call. */
  allow(frames: number): LoadFigures {
    this.allowed = frames;
    while (this.sent < this.allowed) {
      const device = this.waiting.shift();
      if (device === undefined) break;
      this.send(device);
    }
    const figures = { acked: this.acked, ackMs: this.ackMs };
    this.ackMs = [];
    return figures;
  }

  close(): void {
    for (const device of this.devices.splice(0)) device.close();
  }

  private send(device: Sender): void {
    this.sent += 1;
    device.send();
  }

  private onAck(device: Sender, tookMs: number): void {
    this.acked += 1;
    this.ackMs.push(tookMs);
    if (this.sent < this.allowed) this.send(device);
    else this.waiting.push(device);
  }
}

/** A device whose every frame goes on where the last one ended. */
class Sender {
  private readonly device: Device;
  private readonly frames: FrameSeries;
  private sentAt = 0;

  constructor(
    port: number,
    number: number,
    startMs: number,
    private readonly acked: (sender: Sender, tookMs: number) => void,
  ) {
    this.frames = new FrameSeries(number, startMs);
    this.device = new Device({ port, isTls: false }, imeiOf(number), () =>
      this.acked(this, performance.now() - this.sentAt),
    );
  }

  login(): Promise<void> {
    return this.device.login();
  }

  send(): void {
    this.sentAt = performance.now();
    this.device.send(this.frames.next());
  }

  close(): void {
    this.device.close();
  }
}
