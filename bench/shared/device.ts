import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeLogin } from '@app/teltonika-codec';

export interface Target {
  readonly port: number;
  readonly isTls: boolean;
}

const ACK_BYTES = 4;
/** Logins under way at once: a listener's backlog is no part of what is measured. */
const LOGINS_AT_ONCE = 200;

/** Fifteen digits; devices of different numbers differ. */
export const imeiOf = (device: number): string => String(356_307_000_000_000 + device);

/** The answers of all plain sockets: Node fills it and hands it over before it reads from another one. */
const ANSWERS = Buffer.alloc(65_536);

/**
 * A device that has one frame under way at a time. Lean on purpose, since the load shares the machine with what it
 * measures: one buffer for all answers, nothing allocated for an ack.
 */
export class Device {
  private readonly socket: Socket;
  private missing = ACK_BYTES;
  private loggedIn: (() => void) | undefined;
  /** What becomes of a connection that breaks: at first a failure of the whole load. */
  failed: (error: Error) => void = (error) => {
    throw error;
  };

  constructor(
    { port, isTls }: Target,
    private readonly imei: string,
    private readonly acked: () => void,
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

  /** Its bytes must not change before the ack. */
  send(frame: Buffer): void {
    this.socket.write(frame);
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
    this.acked();
  }
}

/** Logs in devices 0 to `count` - 1, some at a time. */
export async function logInAll(count: number, logIn: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await logIn(next++);
  };
  await Promise.all(Array.from({ length: Math.min(LOGINS_AT_ONCE, count) }, worker));
}
