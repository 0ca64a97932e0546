import { connect, type Socket } from 'node:net';
import { encodeLogin } from '@app/teltonika-codec';
import { FrameSeries, imeiOf } from './frames';

const ACK_BYTES = 4;
const LOGINS_AT_ONCE = 200;

export interface LoadFigures {
  readonly acked: number;
  readonly ackMs: readonly number[];
}

/**
 * Devices that send a frame of new records and wait for its ack, all together only as many frames as they were allowed:
 * without that the stream would grow for as long as frames are acked faster than rows are written.
 */
export class Load {
  private readonly devices: Device[] = [];
  private readonly waiting: Device[] = [];
  private allowed = 0;
  private sent = 0;
  private acked = 0;
  private ackMs: number[] = [];

  constructor(
    private readonly port: number,
    private readonly startMs: number,
  ) {}

  async connect(count: number): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const device = new Device(this.port, next++, this.startMs, (one, tookMs) => this.onAck(one, tookMs));
        this.devices.push(device);
        await device.login();
        this.waiting.push(device);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LOGINS_AT_ONCE, count) }, worker));
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

  private send(device: Device): void {
    this.sent += 1;
    device.send();
  }

  private onAck(device: Device, tookMs: number): void {
    this.acked += 1;
    this.ackMs.push(tookMs);
    if (this.sent < this.allowed) this.send(device);
    else this.waiting.push(device);
  }
}

/** What arrives at any of them: Node fills it and hands it over before it reads from another one. */
const ANSWERS = Buffer.alloc(65_536);

class Device {
  private readonly socket: Socket;
  private readonly frames: FrameSeries;
  private readonly imei: string;
  private missing = ACK_BYTES;
  private sentAt = 0;
  private loggedIn: (() => void) | undefined;
  private failed: (error: Error) => void = (error) => {
    throw error;
  };

  constructor(
    port: number,
    number: number,
    startMs: number,
    private readonly acked: (device: Device, tookMs: number) => void,
  ) {
    this.imei = imeiOf(number);
    this.frames = new FrameSeries(number, startMs);
    const callback = (bytes: number): boolean => {
      this.take(bytes);
      return true;
    };
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: ANSWERS, callback } });
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

  send(): void {
    this.sentAt = performance.now();
    this.socket.write(this.frames.next());
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
    this.missing = ACK_BYTES;
    this.acked(this, performance.now() - this.sentAt);
  }
}
