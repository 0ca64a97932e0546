import { createServer, type Server, type Socket } from 'node:net';
import { signal } from '@app/common/testing';
import { SocketLink } from './socket-link';
import { TestDevice } from './device.testing';

const LINGER_MS = 60;
const accepted = signal<Socket>('a connection');
let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, accepted.emit);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function linked(): Promise<{
  device: TestDevice;
  socket: Socket;
  link: SocketLink;
  closed: Promise<void>;
}> {
  const device = await TestDevice.connect(port);
  const socket = await accepted.next();
  const link = new SocketLink(socket, 'tcp', undefined, LINGER_MS);
  const closed = new Promise<void>((onClose) =>
    link.attach({ onBytes: () => undefined, onEnd: () => undefined, onClose }),
  );
  return { device, socket, link, closed };
}

it('ends only after the ack has left, in another turn', async () => {
  const { device, socket, link, closed } = await linked();
  const end = jest.spyOn(socket, 'end');
  const written = link.write(Buffer.from('00000001', 'hex'));
  link.end();
  link.end();
  expect(await written).toBe(true);
  expect(end).not.toHaveBeenCalled();
  expect(await device.closed()).toBe('00000001');
  expect(end).toHaveBeenCalledTimes(1);
  await closed;
});

it('does not wait for ever for a device that keeps its own side open', async () => {
  const { device, socket, link, closed } = await linked();
  device.keepOpen();
  link.end();
  await closed;
  expect(socket.destroyed).toBe(true);
  device.destroy();
});

it('says of a write to a link that is gone that it did not go through', async () => {
  const { device, link, closed } = await linked();
  link.destroy();
  expect(await link.write(Buffer.from([1]))).toBe(false);
  link.end();
  await closed;
  device.destroy();
});

it('reads all sockets into one buffer and says where a chunk ends', async () => {
  const device = await TestDevice.connect(port);
  const socket = await accepted.next();
  const memories = new Set<ArrayBufferLike>();
  const texts: string[] = [];
  const heard = signal('bytes');
  const closed = new Promise<void>((onClose) =>
    new SocketLink(socket, 'tcp').attach({
      onBytes: (chunk) => {
        memories.add(chunk.buffer);
        texts.push(Buffer.from(chunk).toString('latin1'));
        heard.emit(undefined);
      },
      onEnd: () => socket.end(),
      onClose,
    }),
  );
  for (const text of ['first', 'the second']) {
    device.send(Buffer.from(text));
    await heard.next();
  }
  device.destroy();
  await closed;
  // A Node that has no such buffer would still serve, with a memory of its own for every chunk.
  expect(memories.size).toBe(1);
  expect(texts).toEqual(['first', 'the second']);
});

it('reads nothing while it is paused, and what waited first', async () => {
  const device = await TestDevice.connect(port);
  const socket = await accepted.next();
  // As behind a PROXY header: a part of the bytes is in the socket's own queue.
  socket.pause();
  socket.unshift(Buffer.from('one '));
  const link = new SocketLink(socket, 'tcp');
  let text = '';
  const heard = signal('bytes');
  const closed = new Promise<void>((onClose) =>
    link.attach({
      onBytes: (chunk) => {
        text += Buffer.from(chunk).toString('latin1');
        heard.emit(undefined);
      },
      onEnd: () => socket.end(),
      onClose,
    }),
  );
  device.send(Buffer.from('two'));
  socket.resume();
  while (text.length < 7) await heard.next();
  expect(text).toBe('one two');
  link.pause();
  device.send(Buffer.from(' three'));
  await new Promise((turned) => setImmediate(turned));
  await new Promise((turned) => setImmediate(turned));
  expect(text).toBe('one two');
  link.resume();
  while (text.length < 13) await heard.next();
  expect(text).toBe('one two three');
  device.destroy();
  await closed;
});

it('survives a reset', async () => {
  const { device, link, closed } = await linked();
  device.reset();
  await closed;
  expect(await link.write(Buffer.from([1]))).toBe(false);
});
