import { connect, type Socket } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Resolves after that time, or at once when the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || milliseconds <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}

/**
 * A TCP connection as a tracker's modem sees it: bytes out, an exact number of bytes back, or the knowledge that there
 * will be none. A broken connection is everyday business for a tracker, so that nothing here throws.
 */
export class Connection {
  private received = Buffer.alloc(0);
  private isOpen = true;
  private wake: (() => void) | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly signal: AbortSignal,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake?.();
    });
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
    signal.addEventListener('abort', this.close, { once: true });
  }

  /** Undefined when nobody answers in time. */
  static open(address: Address, timeoutMs: number, signal: AbortSignal): Promise<Connection | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const socket = connect(address);
      const finish = (connection: Connection | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', fail);
        socket.off('error', fail);
        if (connection === undefined) socket.on('error', ignoreLateError).destroy();
        resolve(connection);
      };
      const fail = (): void => finish(undefined);
      const timer = setTimeout(fail, timeoutMs);
      socket.once('error', fail);
      signal.addEventListener('abort', fail, { once: true });
      socket.once('connect', () => finish(new Connection(socket, signal)));
    });
  }

  get isUsable(): boolean {
    return this.isOpen;
  }

  /** Resolves when the bytes are with the kernel, or the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Exactly so many bytes; undefined when the time is up or the connection ends before. */
  async read(byteCount: number, timeoutMs: number): Promise<Buffer | undefined> {
    const isThere = await this.until(() => this.received.length >= byteCount || !this.isOpen, timeoutMs);
    if (!isThere || this.received.length < byteCount) return undefined;
    const taken = this.received.subarray(0, byteCount);
    this.received = this.received.subarray(byteCount);
    return taken;
  }

  /** All that comes until the other side ends; undefined when it does not end in time. */
  async readToEnd(timeoutMs: number): Promise<Buffer | undefined> {
    const hasEnded = await this.until(() => !this.isOpen, timeoutMs);
    return hasEnded ? this.received : undefined;
  }

  readonly close = (): void => {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.signal.removeEventListener('abort', this.close);
    this.socket.destroy();
    this.wake?.();
  };

  private until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(result);
      };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.wake = () => {
        if (condition()) finish(true);
      };
    });
  }
}

/** A socket that is destroyed while it connects may still report why it could not; nobody waits for that any more. */
function ignoreLateError(_error: Error): void {
  return;
}
