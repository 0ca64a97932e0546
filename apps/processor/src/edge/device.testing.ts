import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeLogin } from '@app/teltonika-codec';

const TIMEOUT_MS = 5_000;

/** A device over a real socket, for the specs of the edge: keeps what it is told and waits for more. Not part of the app. */
export class TestDevice {
  commonName: string | string[] | undefined;
  private received = Buffer.alloc(0);
  private taken = 0;
  private wake = (): void => undefined;
  private isClosed = false;
  private isKeptOpen = false;
  private socketError: Error | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    // A reset is one way of being closed; which one, is not the protocol's business.
    socket.on('error', (error) => (this.socketError = error));
    socket.on('end', () => {
      if (!this.isKeptOpen) socket.end();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  /** @param from the address of the machine to come from; all of 127.0.0.0/8 are its own. */
  static async connect(port: number, from = '127.0.0.1'): Promise<TestDevice> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    const device = new TestDevice(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    return device;
  }

  /** Over TLS, whatever the certificate; its common name is in `commonName`. */
  static async connectTls(
    port: number,
    { before, maxVersion }: { readonly before?: Buffer; readonly maxVersion?: 'TLSv1.1' } = {},
  ): Promise<TestDevice> {
    const plain = connect({ port, host: '127.0.0.1' });
    if (before !== undefined) plain.write(before);
    const versions =
      maxVersion === undefined ? {} : { minVersion: maxVersion, maxVersion, ciphers: 'ALL:@SECLEVEL=0' };
    const socket = connectTls({ socket: plain, rejectUnauthorized: false, ...versions });
    const device = new TestDevice(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    device.commonName = socket.getPeerCertificate().subject.CN;
    return device;
  }

  static async loggedIn(port: number, imei: string): Promise<TestDevice> {
    const device = await TestDevice.connect(port);
    await device.logIn(imei);
    return device;
  }

  async logIn(imei: string): Promise<void> {
    this.send(encodeLogin(imei));
    const answer = await this.next(1);
    if (answer !== '01') throw new Error(`the login was answered with ${answer}`);
  }

  /** Everything that came, as hex. */
  get heard(): string {
    return this.received.toString('hex');
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next bytes as hex; fails when the connection ends first. */
  async next(byteCount: number): Promise<string> {
    await this.until(() => this.received.length - this.taken >= byteCount, `${byteCount} bytes`);
    this.taken += byteCount;
    return this.received.toString('hex', this.taken - byteCount, this.taken);
  }

  /** Resolves when the other side has closed, to all that came. */
  async closed(): Promise<string> {
    await this.until(() => this.isClosed, 'the end', true);
    return this.heard;
  }

  /** Sends no more, and still listens. */
  finish(): void {
    this.socket.end();
  }

  /** From now on the end of the other side does not end this one. */
  keepOpen(): void {
    this.isKeptOpen = true;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Destroys with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  private async until(isMet: () => boolean, what: string, mayBeClosed = false): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!isMet()) {
      if (this.isClosed && !mayBeClosed) {
        throw new Error(`closed before ${what}; heard ${this.heard || 'nothing'}`, {
          cause: this.socketError,
        });
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`waited ${TIMEOUT_MS} ms for ${what}; heard ${this.heard || 'nothing'}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
