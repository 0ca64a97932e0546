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

it('survives a reset', async () => {
  const { device, link, closed } = await linked();
  device.reset();
  await closed;
  expect(await link.write(Buffer.from([1]))).toBe(false);
});
