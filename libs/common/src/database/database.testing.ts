import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import { type QueryResultRow } from 'pg';
import { z } from 'zod';
import { withClient } from '@app/common/testing';
import { Database, type DatabaseOptions } from './database';

/** Helpers of this area's own specs; nothing else imports them. */

const recordedLine = z.object({
  event: z.string(),
  level: z.number(),
  err: z.object({ message: z.string() }).optional(),
});
export type RecordedLine = z.infer<typeof recordedLine>;

/** A logger whose lines a spec can read. */
export function recordingLogger(): { logger: Logger; lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(recordedLine.parse(JSON.parse(chunk.toString('utf8'))));
      done();
    },
  });
  return { logger: pino({ level: 'trace' }, sink), lines };
}

export function databaseFor(url: string, options: Partial<DatabaseOptions> = {}): Database {
  return new Database({
    url,
    poolSize: 3,
    applicationName: 'database-spec',
    startupTimeoutMs: 5_000,
    logger: recordingLogger().logger,
    ...options,
  });
}

/** One statement on a connection of its own, beside everything that is under test. */
export async function sql<Row extends QueryResultRow>(
  url: string,
  text: string,
  params: unknown[] = [],
): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text, params)).rows);
}

/** The same server and user, another database. */
export function urlOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** Ends every session that matches, as an operator or a failover does. Gives how many there were. */
export async function terminate(url: string, where: string, params: unknown[] = []): Promise<number> {
  const rows = await sql(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${where}`,
    params,
  );
  return rows.length;
}

/** Jest's matchers under a type that may stand anywhere. */
export const textWith = (part: string | RegExp): unknown =>
  typeof part === 'string' ? expect.stringContaining(part) : expect.stringMatching(part);
export const textWithout = (part: string): unknown => expect.not.stringContaining(part);
export const anyNumber: unknown = expect.any(Number);
export const anyText: unknown = expect.any(String);
export const anyDate: unknown = expect.any(Date);

/** Stands between a client and the server of `target`, on the given port or, with 0, on a free one; `onClientData` sees what the client sends before the server does. */
export async function proxy(
  target: string,
  port: number,
  onClientData: (data: Buffer, sockets: { client: Socket; server: Socket }) => void = () => undefined,
): Promise<{ url: string; server: Server }> {
  const { port: serverPort, hostname } = new URL(target);
  const server = createServer((client) => {
    const upstream = connect(Number(serverPort), hostname);
    const drop = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', drop).on('close', drop);
    upstream.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      onClientData(data, { client, server: upstream });
      upstream.write(data);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.port = String(portOf(server));
  return { url: url.href, server };
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}
