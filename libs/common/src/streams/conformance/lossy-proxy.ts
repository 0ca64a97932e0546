import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** A TCP proxy that does what networks do to answers: lose one with its connection, or let a connection go silent. */
export interface LossyProxy {
  readonly port: number;
  /** The next answer of the server is lost, its request served. Resolves when that has happened. */
  loseNextAnswer(): Promise<void>;
  /** Connections that are open now carry nothing any more and never close; new ones work. */
  silence(): void;
  close(): Promise<void>;
}

export async function startLossyProxy(targetPort: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  let onLost: (() => void) | undefined;

  const server = createServer((client) => {
    const upstream = createConnection({ host: '127.0.0.1', port: targetPort });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (request) => {
      if (!silent.has(client)) upstream.write(request);
    });
    upstream.on('data', (answer) => {
      if (silent.has(upstream)) return;
      if (onLost === undefined) {
        client.write(answer);
        return;
      }
      client.destroy();
      onLost();
      onLost = undefined;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    port: address.port,
    loseNextAnswer: () =>
      new Promise((resolve) => {
        onLost = resolve;
      }),
    silence: () => {
      for (const socket of sockets) silent.add(socket);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
