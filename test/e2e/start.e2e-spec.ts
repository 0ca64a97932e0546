import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { eventually, freePort, repositoryRoot, testServers, type AppRole } from '@app/common/testing';

const root = repositoryRoot();
const APPS = ['processor', 'relay', 'notification', 'ops'] as const;
type App = (typeof APPS)[number];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(command: readonly string[], settings: Readonly<Record<string, string>>) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Promise<Ended> = Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]).then(([, stdout, stderr]) => ({ status: child.exitCode, stdout, stderr }));
  return { child, ended };
}

const built = (app: App, ...args: string[]) => [
  process.execPath,
  join(root, 'dist/apps', app, 'main.js'),
  ...args,
];

describe.each(APPS)('%s', (app) => {
  const servers = testServers();
  const role: AppRole = `odograph_${app}`;
  const settings = () => ({
    DATABASE_URL: servers.postgresUrl(role),
    REDIS_URL: servers.redisUrl,
    REDIS_FSYNC: 'everysec',
    PROBE_HOST: '127.0.0.1',
  });

  it('stops with one line that names what is missing, also under `nest start`', async () => {
    const direct = await start(built(app), {}).ended;
    expect(direct.status).toBe(1);
    expect(direct.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/CONFIG_INVALID.*REDIS_URL is not set.*DATABASE_URL is not set/),
    ]);
    const nest = await start([join(root, 'node_modules/.bin/nest'), 'start', app], {}).ended;
    expect(nest.stderr).toContain(direct.stderr.trim());
  }, 60_000);

  it('names a setting that it does not know, and never shows a value', async () => {
    const secret = 'postgres://user:hunter2@127.0.0.1/none';
    const { status, stderr } = await start(built(app), {
      ...settings(),
      DATABASE_URL: secret,
      DATABASE_ULR: secret,
    }).ended;
    expect(status).toBe(1);
    expect(stderr).toContain('DATABASE_ULR');
    expect(stderr).not.toContain('hunter2');
  }, 60_000);

  it('checks its configuration without starting', async () => {
    const { status, stdout } = await start(built(app, '--check-config'), settings()).ended;
    expect([status, stdout.trim()]).toEqual([0, `${app}: the configuration is good`]);
  }, 60_000);

  it('answers its probes, and ends with status 0 on SIGTERM', async () => {
    const port = await freePort();
    const edge: Record<string, string> =
      app === 'processor' ? { EDGE_TCP_PORT: '0', EDGE_HOST: '127.0.0.1' } : {};
    const { child, ended } = start(built(app), { ...settings(), ...edge, PROBE_PORT: String(port) });
    const probe = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    await eventually(async () => expect((await probe('/readyz')).status).toBe(200), {
      timeoutMs: 30_000,
      what: `${app} ready`,
    });
    expect((await probe('/healthz')).status).toBe(200);
    expect((await probe('/startupz')).status).toBe(200);
    expect((await probe('/health')).body).toContain('postgres');
    expect((await probe('/metrics')).body).toContain('process_cpu_seconds_total');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ status: 0, stderr: '' });
  }, 60_000);
});

describe('an edge of its own', () => {
  const servers = testServers();

  it('starts with Redis alone', async () => {
    const port = await freePort();
    const { child, ended } = start(built('processor'), {
      PROCESSOR_FEATURES: 'edge',
      REDIS_URL: servers.redisUrl,
      REDIS_FSYNC: 'everysec',
      PROBE_HOST: '127.0.0.1',
      PROBE_PORT: String(port),
      EDGE_TCP_PORT: '0',
    });
    await eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200), {
      timeoutMs: 30_000,
      what: 'the edge ready',
    });
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ status: 0, stderr: '' });
  }, 60_000);
});
