import { Socket } from 'node:net';

/**
 * What Node's documented `onread` of an outgoing connection sets up, for accepted ones, which it has no option for: a
 * buffer that all sockets are read into, in place of 64 KiB that are allocated, cut down and collected for every read.
 * Where a Node does not have these parts, sockets are read by their 'data' events.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

interface ReadHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

const isReadHandle = (handle: unknown): handle is ReadHandle =>
  typeof handle === 'object' && handle !== null && typeof Reflect.get(handle, 'useUserBuffer') === 'function';

const parts = Object.getOwnPropertySymbols(new Socket());
const part = (name: string): symbol | undefined => parts.find(({ description }) => description === name);
const [BUFFER, CALLBACK] = [part('kBuffer'), part('kBufferCb')];

/**
 * From now on `onBytes` gets what is read, valid during the call only. Bytes that the socket's own queue holds already
 * (a part behind a PROXY header) still come as 'data'. False where this Node cannot do it.
 */
export function readInPlace(socket: Socket, onBytes: (chunk: Buffer) => void): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (BUFFER === undefined || CALLBACK === undefined || !isReadHandle(handle)) return false;
  Reflect.set(socket, BUFFER, READ_BUFFER);
  Reflect.set(socket, CALLBACK, (byteCount: number): boolean => {
    onBytes(READ_BUFFER.subarray(0, byteCount));
    return true;
  });
  handle.useUserBuffer(READ_BUFFER);
  return true;
}
