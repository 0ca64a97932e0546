import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Transport } from '@app/common/contracts';
import { type DeviceLink, type LinkEvents } from './device-link';
import { readInPlace } from './read-in-place';
import { peerOf, peerText, type Peer } from './peer';

/** How long a device may leave its own side open after we ended ours. */
const LINGER_MS = 2_000;
const KEEP_ALIVE_AFTER_MS = 60_000;
const NOTHING = new Uint8Array(0);

/** A DeviceLink over a socket of node (plain, or TLS around one). The socket is opened with `allowHalfOpen`. */
export class SocketLink implements DeviceLink {
  readonly peer: string;
  readonly address: string;
  private lastWrite: Promise<unknown> = Promise.resolve();
  /** TLS encrypts before it writes, which is never done at once. */
  private readonly isPlain: boolean;
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
    this.isPlain = !(socket instanceof TLSSocket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  }

  /** From now on the socket's events go to the session. */
  attach(events: LinkEvents): void {
    const onBytes = (chunk: Buffer): void => events.onBytes(chunk);
    if (this.isPlain) readInPlace(this.socket, onBytes);
    this.socket.on('data', onBytes);
    this.socket.on('end', () => events.onEnd());
    // Resets and broken pipes are the daily bread of mobile networks; 'close' follows and says all there is to say.
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => {
      clearTimeout(this.linger);
      events.onClose();
    });
  }

  /** An ack nearly always goes to the system at once; then there is no promise of it and no callback. */
  write(bytes: Uint8Array): boolean | Promise<boolean> {
    const { socket } = this;
    if (!socket.writable) return false;
    if (!this.isPlain) return this.writeLater(bytes);
    socket.write(bytes);
    if (socket.writableLength === 0) return socket.errored === null;
    // Nothing more to send, but its callback comes behind everything that is still to leave.
    return this.writeLater(NOTHING);
  }

  private writeLater(bytes: Uint8Array): Promise<boolean> {
    const written = new Promise<boolean>((resolve) => {
      this.socket.write(bytes, (error) => resolve(error === null || error === undefined));
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
