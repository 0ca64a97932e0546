import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { portOf } from './database.testing';

/** How a pooler in transaction mode treats LISTEN: it takes it and lets no notification through, or refuses it. */
export type PoolerMode = 'deaf' | 'refusing' | 'transparent';

export interface TestPooler {
  readonly url: string;
  mode: PoolerMode;
  /** How many LISTENs came. */
  listens: number;
  close(): Promise<void>;
}

const NOTIFICATION = 'A'.charCodeAt(0);
const HEADER_BYTES = 5;

/** Stands between a client and PostgreSQL as a pooler would, as far as LISTEN is concerned. */
export async function testPooler(target: string, mode: PoolerMode): Promise<TestPooler> {
  const { port, hostname } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const drop = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', drop).on('close', drop);
    }
    const filter = withoutNotifications();
    upstream.on('data', (data) => client.write(pooler.mode === 'transparent' ? data : filter(data)));
    client.on('data', (data) => {
      const isListen = data.includes('LISTEN');
      if (isListen) pooler.listens += 1;
      if (isListen && pooler.mode === 'refusing') client.write(REFUSAL);
      else upstream.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.port = String(portOf(server));
  const pooler: TestPooler = { url: url.href, mode, listens: 0, close: () => closed(server, sockets) };
  return pooler;
}

async function closed(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
}

/** Messages of the server: a type, a length that counts itself, a body; they may come in any pieces. */
function withoutNotifications(): (data: Buffer) => Buffer {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    const passed: Buffer[] = [];
    while (rest.length >= HEADER_BYTES) {
      const end = 1 + rest.readUInt32BE(1);
      if (rest.length < end) break;
      if (rest[0] !== NOTIFICATION) passed.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return Buffer.concat(passed);
  };
}

const message = (type: string, body: string): Buffer => {
  const bytes = Buffer.from(body, 'latin1');
  const head = Buffer.alloc(HEADER_BYTES, type, 'latin1');
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
};

/** ErrorResponse and ReadyForQuery, idle. */
const REFUSAL = Buffer.concat([
  message('E', 'SERROR\0VERROR\0C0A000\0MLISTEN is not supported in transaction mode\0\0'),
  message('Z', 'I'),
]);
