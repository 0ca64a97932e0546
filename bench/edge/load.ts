import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeLogin } from '@app/teltonika-codec';
import { imeiOf } from './frame';

export interface Target {
  readonly port: number;
  readonly isTls: boolean;
}

export interface Window {
  readonly framesPerS: number;
  /** Of this process, as a share of one core. */
  readonly cpuShare: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const ACK_BYTES = 4;
/** Logins under way at once: a listener's backlog is no part of what is measured. */
const LOGINS_AT_ONCE = 200;
/** Every so many acks one is timed: a clock for each would cost the load more than the ack does. */
const TIMED_SHARE = 16;

/**
 * Devices that send a frame, wait for its ack, send the next one. Lean on purpose, since the load shares the machine
 * with what it measures: one frame for all, one buffer for all answers, nothing allocated for an ack.
 */
export class Load {
  private readonly devices: Device[] = [];
  private acks = 0;
  private latenciesMs: number[] = [];

  constructor(
    private readonly target: Target,
    private readonly frame: Buffer,
  ) {}

  /** Resolves when all are logged in. */
  async connect(count: number): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const device = new Device(this.target, imeiOf(next++), this.frame, (tookMs) => this.acked(tookMs));
        this.devices.push(device);
        await device.login();
      }
    };
    await Promise.all(Array.from({ length: Math.min(LOGINS_AT_ONCE, count) }, worker));
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

/** The answers of all plain sockets: Node fills it and hands it over before it reads from another one. */
const ANSWERS = Buffer.alloc(65_536);

class Device {
  private readonly socket: Socket;
  private isSending = false;
  private missing = ACK_BYTES;
  private sent = 0;
  private sentAt = 0;
  private loggedIn: (() => void) | undefined;
  private failed: (error: Error) => void = (error) => {
    throw error;
  };
  private idle: (() => void) | undefined;

  constructor(
    { port, isTls }: Target,
    private readonly imei: string,
    private readonly frame: Buffer,
    private readonly acked: (tookMs: number | undefined) => void,
  ) {
    const host = '127.0.0.1';
    if (isTls) {
      this.socket = connectTls({ host, port, rejectUnauthorized: false });
      this.socket.on('data', (chunk: Buffer) => this.take(chunk.length));
    } else {
      const callback = (bytes: number): boolean => {
        this.take(bytes);
        return true;
      };
      this.socket = connectTcp({ host, port, noDelay: true, onread: { buffer: ANSWERS, callback } });
    }
    this.socket.on('error', (error) => this.failed(error));
    this.socket.on('close', () => this.failed(new Error(`${this.imei} was disconnected`)));
  }

  login(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.loggedIn = resolve;
      this.failed = reject;
      this.socket.write(encodeLogin(this.imei));
    });
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
      this.failed = reject;
    });
  }

  close(): void {
    this.failed = () => undefined;
    this.socket.destroy();
  }

  private take(bytes: number): void {
    if (this.loggedIn !== undefined) {
      this.loggedIn();
      this.loggedIn = undefined;
      return;
    }
    this.missing -= bytes;
    if (this.missing > 0) return;
    if (this.missing < 0) throw new Error('more bytes than one ack');
    this.missing = ACK_BYTES;
    this.acked(this.sentAt === 0 ? undefined : performance.now() - this.sentAt);
    if (this.isSending) this.send();
    else this.idle?.();
  }

  private send(): void {
    this.sent += 1;
    this.sentAt = this.sent % TIMED_SHARE === 0 ? performance.now() : 0;
    this.socket.write(this.frame);
  }
}
