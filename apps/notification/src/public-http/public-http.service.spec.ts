import { once } from 'node:events';
import { connect } from 'node:net';
import { type LifecycleState } from '@app/common/lifecycle';
import { z } from 'zod';
import { createLogger } from '@app/common/observability';
import { answerText, PublicHttpService, readBody } from '.';

const logger = createLogger({ app: 'public-http-test', level: 'silent' });
const lifecycle: { state: LifecycleState } = { state: 'running' };
let service: PublicHttpService;

beforeEach(() => {
  lifecycle.state = 'running';
  service = new PublicHttpService({ host: '127.0.0.1', port: 0 }, lifecycle, logger);
});
afterEach(() => service.stop(1000));

const at = (path: string): string => `http://127.0.0.1:${service.port}${path}`;

it('answers what is registered, and nothing else', async () => {
  service.onRequest('/echo', async (request, response, url) => {
    answerText(response, 200, `${url.searchParams.get('t')}${await readBody(request, 10)}`);
  });
  await service.start();
  const answer = await fetch(at('/echo?t=x'), { method: 'POST', body: 'body' });
  expect([answer.status, await answer.text()]).toEqual([200, 'xbody\n']);
  const long = await fetch(at('/echo?t=x'), { method: 'POST', body: 'more than ten bytes' });
  expect(await long.text()).toBe('xundefined\n');
  expect((await fetch(at('/ech'))).status).toBe(404);
  expect(() => service.onRequest('/echo', () => undefined)).toThrow('taken');
});

it('keeps the reason of a failure to itself', async () => {
  service.onRequest('/fails', () => Promise.reject(new Error('a secret')));
  await service.start();
  const answer = await fetch(at('/fails'));
  expect([answer.status, await answer.text()]).toEqual([500, 'internal error\n']);
});

it('takes nothing in before the app runs and after it began to stop', async () => {
  service.onRequest('/here', (_request, response) => answerText(response, 200, 'here'));
  service.onUpgrade('/socket', () => undefined);
  await service.start();
  for (const state of ['starting', 'stopping'] as const) {
    lifecycle.state = state;
    expect((await fetch(at('/here'))).status).toBe(503);
    expect(await upgradeAnswer('/socket')).toContain('503');
  }
});

it('hands the sockets of upgrades over, and ends those that nobody ends when it stops', async () => {
  service.onUpgrade(
    '/socket',
    (_request, socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
  );
  await service.start();
  expect(await upgradeAnswer('/other')).toContain('404');
  const socket = connect(service.port ?? 0, '127.0.0.1');
  socket.write(UPGRADE('/socket'));
  const [answer] = z.array(z.instanceof(Buffer)).parse(await once(socket, 'data'));
  expect(String(answer)).toContain('101');
  const closed = once(socket, 'close');
  await service.stop(50);
  await closed;
});

it('opens no port where there is nothing to offer', async () => {
  await service.start();
  expect(service.port).toBeUndefined();
});

const UPGRADE = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;

async function upgradeAnswer(path: string): Promise<string> {
  const socket = connect(service.port ?? 0, '127.0.0.1');
  socket.write(UPGRADE(path));
  const [answer] = z.array(z.instanceof(Buffer)).parse(await once(socket, 'data'));
  socket.destroy();
  return String(answer);
}
