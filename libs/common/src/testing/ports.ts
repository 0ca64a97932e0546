import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A TCP port on 127.0.0.1 that was free a moment ago. Another process can take it before the caller listens:
 * whoever starts a server on it tries again with a new one (see `onFreePort`).
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the probe socket has no port');
  return address.port;
}

/** Runs `start` on the wished port, or on free ones until one was not taken in between. */
export async function onFreePort<T>(
  port: number | undefined,
  start: (port: number) => Promise<T>,
  isPortTaken: (error: unknown) => boolean,
): Promise<T> {
  if (port !== undefined) return start(port);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === 5 || !isPortTaken(error)) throw error;
    }
  }
}

export const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Address already in use');
