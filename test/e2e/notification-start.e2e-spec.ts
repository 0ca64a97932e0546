import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NOTIFICATION_INTENTS } from '@app/common/contracts';
import { RedisStreams, textFields } from '@app/common/streams';
import {
  eventually,
  freePort,
  repositoryRoot,
  startRedis,
  testServers,
  type RedisServer,
} from '@app/common/testing';
import { TestUserService } from '../../apps/notification/src/directory/user-service.testing';
import { intentFields } from '../../apps/notification/src/intents/intent.testing';

/** How notification starts on what existing deployments set, and how it refuses to. */

const PASSWORD = 'p@ss/word';
const GATEWAY = 'fleet:client-events';
const MAIL = 'fleet:mails';
const root = repositoryRoot();
const servers = testServers();
let folder: string;
let redis: RedisServer;
let users: TestUserService;

beforeAll(async () => {
  users = await TestUserService.start();
  users.users.set('anna', { email: 'anna.secret@example.org', preferred_language: 'en' });
  folder = mkdtempSync(join(tmpdir(), 'notification-start-'));
  redis = await startRedis({ dir: join(folder, 'redis'), appendfsync: 'always' });
  const socket = createConnection({ host: '127.0.0.1', port: redis.port });
  await once(socket, 'connect');
  socket.write(`CONFIG SET requirepass ${PASSWORD}\r\n`);
  const [reply] = (await once(socket, 'data')) as unknown[];
  socket.destroy();
  expect(String(reply)).toBe('+OK\r\n');
}, 60_000);
afterAll(async () => {
  await Promise.all([redis.stop(), users.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const existing = (port: number): Record<string, string> => ({
  NOTIFICATION_REDIS_MASTER_ADDR: `127.0.0.1:${redis.port}`,
  NOTIFICATION_REDIS_REPLICA_ADDRS: '127.0.0.1:1',
  NOTIFICATION_REDIS_PASSWORD: PASSWORD,
  NOTIFICATION_POSTGRES_PRIMARY_DSN: servers.postgresUrl('odograph_notification'),
  NOTIFICATION_USER_SERVICE_BASE_URL: users.baseUrl,
  NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM: GATEWAY,
  NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM: MAIL,
  NOTIFICATION_INTERNAL_HTTP_ADDR: `:${port}`,
  NOTIFICATION_SHUTDOWN_TIMEOUT: '2s',
  NOTIFICATION_RECORD_RETENTION: '720h0m0s',
  NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED: 'false',
  OTEL_SERVICE_NAME: 'notification',
});

function start(settings: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(root, 'dist/apps/notification/main.js')], {
    ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...settings },
  });
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]) => ({ status: child.exitCode, stdout, stderr }),
  );
  return { child, ended };
}

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; service?: string; keys?: string[] });

/** Resolves when it is ready. @throws Error with its last words when it ends instead. */
const ready = (port: number, ended: Promise<{ stderr: string }>) =>
  Promise.race([
    ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`))),
    eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200), {
      timeoutMs: 30_000,
      what: 'notification ready',
    }),
  ]);

describe('with the keys of existing deployments alone', () => {
  it('starts in its order, publishes to their streams, tells no address, and stops', async () => {
    const port = await freePort();
    const { child, ended } = start(existing(port));
    await ready(port, ended);
    const streams = new RedisStreams({
      url: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`,
      ...{ fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5000 },
    });
    await streams.start();
    const now = { occurred_at_ms: String(Date.now()) };
    for (const changes of [
      {},
      { idempotency_key: 'event-2', subject: '9', recipient_user_ids_json: '["anna","nobody@example.org"]' },
      { idempotency_key: 'event-3', recipient_user_ids_json: '["nobody@example.org"]' },
      { idempotency_key: 'event-4', payload_json: '{"mail":"nobody@example.org"}' },
      { idempotency_key: 'event-1', subject: '8', occurred_at_ms: '1' },
    ])
      await streams.append(NOTIFICATION_INTENTS, intentFields({ ...now, ...changes }));
    for (const stream of [GATEWAY, MAIL]) {
      await eventually(async () => (await streams.range(stream, '-', '+', 10)).length === 2, {
        what: `both routes in ${stream}`,
      });
    }
    const [mail] = (await streams.range(MAIL, '-', '+', 1)).map(textFields);
    expect(mail?.['payload_json']).toContain('anna.secret@example.org');
    await streams.stop();
    child.kill('SIGTERM');
    const { status, stdout, stderr } = await ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = linesOf(stdout);
    expect(lines.find(({ event }) => event === 'settings_without_effect')?.keys).toEqual([
      'NOTIFICATION_REDIS_REPLICA_ADDRS',
      'NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED',
    ]);
    const order = lines.flatMap(({ event, service }) =>
      event === 'service_started'
        ? [service]
        : ['app_starting', 'app_ready', 'app_stopped'].includes(event)
          ? [event]
          : [],
    );
    expect(order.slice(0, 4)).toEqual(['app_starting', 'redis', 'postgres', 'templates']);
    expect(order.slice(-2)).toEqual(['app_ready', 'app_stopped']);
    for (const work of ['publishers', 'intents', 'retention'])
      expect(order.indexOf(work)).toBeGreaterThan(order.indexOf('templates'));
    expect(stdout).not.toContain('example.org');
    expect(stdout).not.toContain(PASSWORD);
  }, 90_000);

  it('stops within NOTIFICATION_SHUTDOWN_TIMEOUT though Redis answers nothing any more', async () => {
    const port = await freePort();
    const { child, ended } = start(existing(port));
    await ready(port, ended);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      child.kill('SIGTERM');
      await ended;
      // Far below the 20 s that it takes by default.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  }, 90_000);
});

describe('notification refuses to start', () => {
  const refusals: [string, Record<string, string>, RegExp][] = [
    [
      'a key of before',
      { NOTIFICATION_REDIS_ADDR: 'h:1' },
      /NOTIFICATION_REDIS_ADDR: use NOTIFICATION_REDIS_MASTER_ADDR/,
    ],
    [
      'a key of before',
      { NOTIFICATION_REDIS_USERNAME: 'u' },
      /NOTIFICATION_REDIS_USERNAME: use the user in REDIS_URL/,
    ],
    [
      'a key of before',
      { NOTIFICATION_REDIS_TLS_ENABLED: 'false' },
      /NOTIFICATION_REDIS_TLS_ENABLED: use REDIS_URL/,
    ],
    [
      'no password in production',
      { NODE_ENV: 'production', NOTIFICATION_REDIS_PASSWORD: '' },
      /NOTIFICATION_REDIS_PASSWORD is not set/,
    ],
    [
      'two keys that contradict each other',
      { SHUTDOWN_TIMEOUT: '3s' },
      /NOTIFICATION_SHUTDOWN_TIMEOUT and SHUTDOWN_TIMEOUT/,
    ],
    [
      'a key that nobody knows',
      { NOTIFICATION_REDIS_MASTR_ADDR: 'h:1' },
      /CONFIG_UNKNOWN_KEY.*NOTIFICATION_REDIS_MASTR_ADDR/,
    ],
    [
      'traces to stdout',
      { NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED: 'true' },
      /NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED/,
    ],
    [
      'a retention too short',
      { NOTIFICATION_RECORD_RETENTION: '1h' },
      /NOTIFICATION_RECORD_RETENTION: is below 3d/,
    ],
    [
      'a retention below the dedupe window',
      { NOTIFICATION_RECORD_RETENTION: '3d', NOTIFICATION_DEDUPE_WINDOW: '72h' },
      /NOTIFICATION_RECORD_RETENTION is not above NOTIFICATION_DEDUPE_WINDOW/,
    ],
    [
      'a Redis that does not answer',
      { NOTIFICATION_REDIS_MASTER_ADDR: '127.0.0.1:1', STARTUP_TIMEOUT: '1s' },
      /REDIS_UNREACHABLE/,
    ],
    [
      'a wrong password',
      { NOTIFICATION_REDIS_PASSWORD: 'wrong', STARTUP_TIMEOUT: '1s' },
      /REDIS_UNREACHABLE/,
    ],
  ];
  it.each(refusals)(
    '%s: %j',
    async (_what, changes, named) => {
      const { status, stderr } = await start({ ...existing(await freePort()), ...changes }).ended;
      expect(status).toBe(1);
      expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(named)]);
      expect(stderr).not.toContain(PASSWORD);
    },
    60_000,
  );

  it('a database without our schema', async () => {
    const url = new URL(servers.postgresUrl('odograph_notification'));
    url.pathname = '/postgres';
    const { status, stderr } = await start({
      ...existing(await freePort()),
      NOTIFICATION_POSTGRES_PRIMARY_DSN: url.href,
    }).ended;
    expect([status, stderr]).toEqual([1, expect.stringMatching(/POSTGRES_UNSUITABLE|SCHEMA_MISMATCH/)]);
  }, 60_000);
});
