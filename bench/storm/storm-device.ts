import { connect, type Socket } from 'node:net';
import { encodeLogin } from '@app/teltonika-codec';

const ACK_BYTES = 4;

/** One device that comes back after an outage: logs in and empties its memory, a frame after the ack of the one before. */
export class StormDevice {
  /** From the begin of the connection to the login's answer. */
  loginMs = NaN;
  /** Of each frame. */
  readonly ackMs: number[] = [];
  private readonly socket: Socket;
  private readonly startedAt = performance.now();
  private sentAt = NaN;
  private missing = 1;
  readonly drained: Promise<void>;
  private resolve = (): void => undefined;
  private reject: (error: Error) => void = () => undefined;

  constructor(
    port: number,
    imei: string,
    private readonly frames: readonly Buffer[],
  ) {
    this.drained = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true }, () =>
      this.socket.write(encodeLogin(imei)),
    );
    this.socket.on('data', (chunk: Buffer) => this.take(chunk.length));
    this.socket.on('error', (error) => this.reject(error));
    this.socket.on('close', () => this.reject(new Error(`${imei} was disconnected`)));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: number): void {
    this.missing -= bytes;
    if (this.missing > 0) return;
    const now = performance.now();
    if (Number.isNaN(this.loginMs)) this.loginMs = now - this.startedAt;
    else this.ackMs.push(now - this.sentAt);
    const next = this.frames[this.ackMs.length];
    if (next === undefined) {
      this.resolve();
      return;
    }
    this.missing = ACK_BYTES;
    this.sentAt = now;
    this.socket.write(next);
  }
}
