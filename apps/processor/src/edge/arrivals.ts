import { type Socket } from 'node:net';
import { type RefusalCode } from './edge.errors';
import { peerOf, type Peer } from './peer';
import { readProxyHeader } from './proxy-header';
import { type TlsDoor } from './tls-door';
import { type TrustedProxies } from './trusted-proxies';
import { type WaitingRoom } from './waiting-room';

export interface ArrivalsOptions {
  /** Over all listeners of this process. */
  readonly maxConnections: number;
  /** From the connection to the end of its PROXY header and of its TLS handshake. */
  readonly handshakeMs: number;
  readonly proxies: TrustedProxies;
  readonly waitingRoom: WaitingRoom;
  /** A connection was turned away before it was one. */
  readonly turnedAway: (code: RefusalCode, peer: Peer) => void;
}

type Arrived = (socket: Socket, peer: Peer) => void;

/** What happens to a connection before its first protocol byte: counted, named by its proxy, made secure. */
export class Arrivals {
  private open = 0;
  /** Connections that no session answers for yet. */
  private readonly preparing = new Set<Socket>();

  constructor(private readonly options: ArrivalsOptions) {}

  get connections(): number {
    return this.open;
  }

  /** Closes what has not become a session. */
  close(): void {
    this.options.waitingRoom.close();
    for (const socket of this.preparing) socket.destroy();
  }

  receive(socket: Socket, door: TlsDoor | undefined, arrived: Arrived): void {
    const peer = peerOf(socket);
    // Resets are common before the first byte too; 'close' follows.
    socket.on('error', () => socket.destroy());
    if (this.open >= this.options.maxConnections) {
      this.options.turnedAway('CONNECTION_LIMIT', peer);
      socket.destroy();
      return;
    }
    this.open += 1;
    socket.once('close', () => (this.open -= 1));
    const isProxied = this.options.proxies.includes(peer.address);
    const isReady = !isProxied && door === undefined && !this.options.waitingRoom.mustWait(peer.address);
    if (isReady) arrived(socket, peer);
    else this.prepare(socket, peer, isProxied, door, arrived);
  }

  /** At once, unless too many bad logins came from the address: before anything is spent on its next connection. */
  private takeTurn(socket: Socket, peer: Peer, enter: () => void): void {
    const { waitingRoom, turnedAway } = this.options;
    if (!waitingRoom.mustWait(peer.address)) return enter();
    const turnAway = (): void => {
      turnedAway('LOGIN_RATE', peer);
      socket.destroy();
    };
    // What comes meanwhile stays in the socket's own queue, whose limit is then the kernel's to hold.
    socket.pause();
    const leave = waitingRoom.wait(peer.address, {
      enter,
      hasSpoken: () => socket.readableLength > 0,
      turnAway,
    });
    if (leave === undefined) turnAway();
    else socket.once('close', leave);
  }

  private prepare(
    socket: Socket,
    direct: Peer,
    isProxied: boolean,
    door: TlsDoor | undefined,
    arrived: Arrived,
  ): void {
    const { handshakeMs, turnedAway } = this.options;
    const deadline = setTimeout(() => {
      turnedAway('HANDSHAKE_TIMEOUT', direct);
      socket.destroy();
    }, handshakeMs);
    this.preparing.add(socket);
    const done = (): void => {
      clearTimeout(deadline);
      this.preparing.delete(socket);
    };
    socket.once('close', done);
    const ready = (readySocket: Socket, peer: Peer): void => {
      done();
      arrived(readySocket, peer);
    };
    const enter = (peer: Peer): void => {
      if (door === undefined) {
        ready(socket, peer);
        socket.resume();
        return;
      }
      door.secure(
        socket,
        (secured) => ready(secured, peer),
        () => turnedAway('TLS_HANDSHAKE_FAILED', peer),
      );
    };
    const proceed = (peer: Peer): void => this.takeTurn(socket, peer, () => enter(peer));
    if (isProxied) this.readHeader(socket, direct, proceed);
    else proceed(direct);
  }

  private readHeader(socket: Socket, direct: Peer, proceed: (peer: Peer) => void): void {
    let received: Buffer = Buffer.alloc(0);
    // A half-open socket stays until somebody ends it.
    const onEnd = (): void => void socket.destroy();
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const header = readProxyHeader(received);
      if (header.kind === 'incomplete') return;
      socket.off('data', onData);
      socket.off('end', onEnd);
      if (header.kind === 'invalid') {
        this.options.turnedAway('PROXY_HEADER_INVALID', direct);
        socket.destroy();
        return;
      }
      // Without a listener bytes would be lost; whoever takes over finds the rest in front.
      socket.pause();
      if (received.length > header.bytes) socket.unshift(received.subarray(header.bytes));
      proceed(header.peer ?? direct);
    };
    socket.on('data', onData);
    socket.once('end', onEnd);
  }
}
