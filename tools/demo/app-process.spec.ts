import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, signal } from '@app/common/testing';
import { AppProcess, type AppProcessOptions } from './app-process';

const folder = mkdtempSync(join(tmpdir(), 'odograph-app-process-'));
const started: AppProcess[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.kill()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As an app behaves: ready over HTTP, ends with 0 on SIGTERM. */
const GOOD = `
  const server = require('node:http').createServer((request, response) => {
    response.statusCode = request.url === '/readyz' ? 200 : 404;
    response.end();
  });
  server.listen(Number(process.env.PROBE_PORT), '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
  console.log('up');`;
const BROKEN = `console.error('no database, no work'); process.exit(1);`;
const STUBBORN = `${GOOD} process.removeAllListeners('SIGTERM').on('SIGTERM', () => undefined);`;

async function appOf(script: string, rest: Partial<AppProcessOptions> = {}): Promise<AppProcess> {
  const probePort = await freePort();
  const app = new AppProcess({
    ...{ name: 'app', command: process.execPath, args: ['-e', script], cwd: folder, probePort },
    environment: { PROBE_PORT: String(probePort) },
    ...{ logPath: join(folder, 'app.log'), readyTimeoutMs: 10_000, onUnexpectedEnd: () => undefined },
    ...rest,
  });
  started.push(app);
  return app;
}

it('is ready when start resolves, and ends in order', async () => {
  const app = await appOf(GOOD);
  await app.start();
  expect(app.pid).toBeGreaterThan(0);
  expect(await app.stop()).toBe(true);
  expect(app.isRunning).toBe(false);
  expect(readFileSync(join(folder, 'app.log'), 'utf8')).toContain('up');
});

it('gives the last words of an app that cannot start, and tells nobody else', async () => {
  const ends = signal<string>('end');
  const app = await appOf(BROKEN, { onUnexpectedEnd: ends.emit });
  await expect(app.start()).rejects.toThrow(/app ended while it started; the end of .*no database, no work/s);
  expect(ends.count).toBe(0);
});

it('tells of an end that nobody asked for, and not of one that it was asked for', async () => {
  const ends = signal<string>('end');
  const app = await appOf(GOOD, { onUnexpectedEnd: ends.emit });
  await app.start();
  process.kill(app.pid ?? NaN, 'SIGKILL');
  expect(await ends.next()).toBe('SIGKILL');

  await app.start();
  await app.kill('SIGKILL');
  expect(app.isRunning).toBe(false);
  await app.start();
  expect(await app.stop()).toBe(true);
  expect(ends.count).toBe(1);
});

it('stops an app that is frozen, and kills one that will not end', async () => {
  const frozen = await appOf(GOOD);
  await frozen.start();
  frozen.pause();
  expect(await frozen.stop()).toBe(true);

  const stubborn = await appOf(STUBBORN, { stopGraceMs: 200 });
  await stubborn.start();
  expect(await stubborn.stop()).toBe(false);
  expect(stubborn.isRunning).toBe(false);
});

it('wakes what it froze', async () => {
  const app = await appOf(GOOD);
  await app.start();
  const state = (): string => readFileSync(`/proc/${app.pid}/stat`, 'utf8').split(') ')[1]?.charAt(0) ?? '?';
  app.pause();
  await eventually(() => state() === 'T', { what: 'the app to be frozen' });
  app.resume();
  await eventually(() => state() !== 'T', { what: 'the app to run again' });
});
