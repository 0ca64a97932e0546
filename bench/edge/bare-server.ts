import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { encodeAck, LOGIN_ACCEPTED, LOGIN_BYTES } from '@app/teltonika-codec';

export interface BareServerOptions {
  readonly frameBytes: number;
  readonly ackCount: number;
  /** PEM texts; without them the server speaks plain TCP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/**
 * The limit that the edge is measured against: Node's own server that counts bytes, answers the login with yes and
 * every frame's length of bytes with an ack. It keeps nothing and looks at nothing.
 */
export function listenBare({ frameBytes, ackCount, tls }: BareServerOptions): Promise<number> {
  const ack = encodeAck(ackCount);
  const serve = (socket: Socket): void => {
    socket.setNoDelay(true);
    let wanted = LOGIN_BYTES;
    let missing = wanted;
    socket.on('data', (chunk: Buffer) => {
      let left = chunk.length;
      while (left >= missing) {
        left -= missing;
        socket.write(wanted === LOGIN_BYTES ? LOGIN_ACCEPTED : ack);
        wanted = frameBytes;
        missing = wanted;
      }
      missing -= left;
    });
    socket.on('error', () => socket.destroy());
  };
  const server = tls === undefined ? createTcpServer(serve) : createTlsServer(tls, serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}
