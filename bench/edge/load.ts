import { Device, imeiOf, logInAll, type Target } from '../shared/device';

export interface Window {
  readonly framesPerS: number;
  /** Of this process, as a share of one core. */
  readonly cpuShare: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

/** Every so many acks one is timed: a clock for each would cost the load more than the ack does. */
const TIMED_SHARE = 16;

/** Devices that send a frame, wait for its ack, send the next one: one frame for all. */
export class Load {
  private readonly devices: Sender[] = [];
  private acks = 0;
  private latenciesMs: number[] = [];

  constructor(
    private readonly target: Target,
    private readonly frame: Buffer,
  ) {}

  /** Resolves when all are logged in. */
  async connect(count: number): Promise<void> {
    await logInAll(count, async (number) => {
      const device = new Sender(this.target, imeiOf(number), this.frame, (tookMs) => this.acked(tookMs));
      this.devices.push(device);
      await device.login();
    });
  }

  /** Sends for `warmUpMs`, then counts for `ms`, then lets every device have its last ack. */
  async run(warmUpMs: number, ms: number): Promise<Window> {
    for (const device of this.devices) device.start();
    await elapse(warmUpMs);
    const [acks, cpu, startedAt] = [this.acks, process.cpuUsage(), performance.now()];
    this.latenciesMs = [];
    await elapse(ms);
    const tookMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    const frames = this.acks - acks;
    const sorted = this.latenciesMs.sort((a, b) => a - b);
    await Promise.all(this.devices.map((device) => device.stop()));
    return {
      framesPerS: (frames * 1000) / tookMs,
      cpuShare: (user + system) / 1000 / tookMs,
      ackP50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? NaN,
      ackP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
    };
  }

  close(): void {
    for (const device of this.devices.splice(0)) device.close();
  }

  private acked(tookMs: number | undefined): void {
    this.acks += 1;
    if (tookMs !== undefined) this.latenciesMs.push(tookMs);
  }
}

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A device that sends the same frame again and again. */
class Sender {
  private readonly device: Device;
  private isSending = false;
  private sent = 0;
  private sentAt = 0;
  private idle: (() => void) | undefined;

  constructor(
    target: Target,
    imei: string,
    private readonly frame: Buffer,
    private readonly acked: (tookMs: number | undefined) => void,
  ) {
    this.device = new Device(target, imei, () => this.onAck());
  }

  login(): Promise<void> {
    return this.device.login();
  }

  start(): void {
    this.isSending = true;
    this.send();
  }

  /** Resolves when the frame under way is acked. */
  stop(): Promise<void> {
    this.isSending = false;
    return new Promise((resolve, reject) => {
      this.idle = resolve;
      this.device.failed = reject;
    });
  }

  close(): void {
    this.device.close();
  }

  private onAck(): void {
    this.acked(this.sentAt === 0 ? undefined : performance.now() - this.sentAt);
    if (this.isSending) this.send();
    else this.idle?.();
  }

  private send(): void {
    this.sent += 1;
    this.sentAt = this.sent % TIMED_SHARE === 0 ? performance.now() : 0;
    this.device.send(this.frame);
  }
}
