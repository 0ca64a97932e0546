import { type Socket } from 'node:net';
import { type Transport } from '@app/common/contracts';
import { type DeviceLink, type LinkEvents } from './device-link';
import { peerOf, peerText, type Peer } from './peer';

/** How long a device may leave its own side open after we ended ours. */
const LINGER_MS = 2_000;
const KEEP_ALIVE_AFTER_MS = 60_000;

/** A DeviceLink over a socket of node (plain, or TLS around one). The socket is opened with `allowHalfOpen`. */
export class SocketLink implements DeviceLink {
  readonly peer: string;
  readonly address: string;
  private lastWrite: Promise<unknown> = Promise.resolve();
  private linger: NodeJS.Timeout | undefined;
  private isEnding = false;

  constructor(
    private readonly socket: Socket,
    readonly transport: Transport,
    peer: Peer = peerOf(socket),
    private readonly lingerMs = LINGER_MS,
  ) {
    this.peer = peerText(peer);
    this.address = peer.address;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  }

  /** From now on the socket's events go to the session. */
  attach(events: LinkEvents): void {
    this.socket.on('data', (chunk: Buffer) => events.onBytes(chunk));
    this.socket.on('end', () => events.onEnd());
    // Resets and broken pipes are the daily bread of mobile networks; 'close' follows and says all there is to say.
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => {
      clearTimeout(this.linger);
      events.onClose();
    });
  }

  write(bytes: Uint8Array): Promise<boolean> {
    const written = new Promise<boolean>((resolve) => {
      if (!this.socket.writable) resolve(false);
      else this.socket.write(bytes, (error) => resolve(error === null || error === undefined));
    });
    this.lastWrite = written;
    return written;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    void this.lastWrite.then(() => setImmediate(() => this.endNow()));
  }

  private endNow(): void {
    if (this.socket.destroyed) return;
    this.socket.end();
    // Bytes left unread would turn the end into a reset, which takes the ack before it along.
    this.socket.resume();
    this.linger = setTimeout(() => this.socket.destroy(), this.lingerMs);
  }

  destroy(): void {
    this.socket.destroy();
  }
}
