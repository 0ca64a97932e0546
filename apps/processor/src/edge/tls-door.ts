import { type Socket } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls';

/** What a certificate's owner presents: PEM text. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

interface Handshake {
  readonly secured: (socket: TLSSocket) => void;
  readonly failed: () => void;
}

/**
 * Makes accepted sockets into TLS ones. The server inside never listens: sockets are handed to it, so that what
 * precedes the handshake (a PROXY header) and its deadline are ours. Node's own handshake timeout is one of silence,
 * which a byte a second beats.
 */
export class TlsDoor {
  private readonly server: Server;
  /** By remote address and port, which no two open connections of one listener share. */
  private readonly handshakes = new Map<string, Handshake>();

  /** @param ciphers OpenSSL's list; undefined is node's. @throws Error where the pair does not fit together. */
  constructor(
    pair: KeyPair,
    private readonly ciphers: string | undefined,
  ) {
    createSecureContext(this.contextOf(pair));
    this.server = createServer({ allowHalfOpen: true, ...this.contextOf(pair) });
    this.server.on('secureConnection', (socket) => this.onSecured(socket));
    this.server.on('tlsClientError', (_, socket) => {
      this.handshakes.get(keyOf(socket))?.failed();
      socket.destroy();
    });
  }

  /** New handshakes get this pair, running sessions keep theirs. @throws Error where the pair does not fit together. */
  use(pair: KeyPair): void {
    // Tried first: node takes the parts over one by one and would keep half of a bad pair.
    createSecureContext(this.contextOf(pair));
    this.server.setSecureContext(this.contextOf(pair));
  }

  /** Calls one of the two, or none where the connection just closes. */
  secure(socket: Socket, secured: Handshake['secured'], failed: Handshake['failed']): void {
    const key = keyOf(socket);
    const handshake = { secured, failed };
    this.handshakes.set(key, handshake);
    socket.once('close', () => {
      if (this.handshakes.get(key) === handshake) this.handshakes.delete(key);
    });
    this.server.emit('connection', socket);
  }

  private onSecured(socket: TLSSocket): void {
    const key = keyOf(socket);
    const handshake = this.handshakes.get(key);
    this.handshakes.delete(key);
    if (handshake === undefined) socket.destroy();
    else handshake.secured(socket);
  }

  private contextOf({ cert, key }: KeyPair) {
    const minVersion = 'TLSv1.2' as const;
    return { cert, key, minVersion, ...(this.ciphers === undefined ? {} : { ciphers: this.ciphers }) };
  }
}

const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress ?? ''} ${remotePort ?? 0}`;
