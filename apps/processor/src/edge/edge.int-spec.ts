import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplication, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { register } from 'prom-client';
import { appSettings, readSettings } from '@app/common/config';
import { DEVICE_REGISTRY, shardOf, telemetryDeadLetterStream, telemetryStream } from '@app/common/contracts';
import { HealthModule, HealthRegistry } from '@app/common/health';
import { Lifecycle, LifecycleModule, type AppContext } from '@app/common/lifecycle';
import { createLogger } from '@app/common/observability';
import { STREAMS, StreamsModule, text, type StreamEntry, type Streams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { encodeAck, encodeLogin } from '@app/teltonika-codec';
import { EdgeModule } from './edge.module';
import { EdgeListeners } from './edge.listeners';
import { selfSigned } from './certificate.testing';
import { TestDevice } from './device.testing';
import { forged, frameOf, IMEI } from './session.testing';

const servers = testServers();
const SHARD = shardOf(IMEI, 16);
const PATIENCE_MS = 5_000;

@Module({})
class EdgeAlone {
  static forRoot(context: AppContext): DynamicModule {
    const imports = [LifecycleModule.forRoot(context), HealthModule, StreamsModule.forRoot(), EdgeModule];
    return { module: EdgeAlone, imports };
  }
}

interface RunningEdge {
  readonly nest: INestApplication;
  readonly lifecycle: Lifecycle;
  readonly port: number;
  readonly streams: Streams;
}

const running: Pick<RunningEdge, 'nest' | 'lifecycle'>[] = [];
const devices: TestDevice[] = [];

/** As main.ts composes it, on this suite's Redis. */
async function startEdge(environment: Readonly<Record<string, string>> = {}): Promise<RunningEdge> {
  register.clear();
  const all = {
    DATABASE_URL: 'postgres://unused.invalid/odograph',
    REDIS_URL: servers.redisUrl,
    // The tests' Redis trades the disk's promise for speed.
    REDIS_FSYNC: 'everysec',
    EDGE_HOST: '127.0.0.1',
    EDGE_TCP_PORT: '0',
    ...environment,
  };
  const logger = createLogger({ app: 'edge-test', level: 'silent' });
  const lifecycle = new Lifecycle(logger, PATIENCE_MS);
  const context: AppContext = {
    app: 'processor',
    settings: readSettings(appSettings, all),
    instanceId: 'edge-test',
    owner: 'edge-test/1',
    read: (group) => readSettings(group, all),
    probePort: 0,
    logger,
    lifecycle,
  };
  const nest = await NestFactory.create(EdgeAlone.forRoot(context), { logger: false, abortOnError: false });
  for (const strategy of nest.get(EdgeListeners).strategies) {
    nest.connectMicroservice({ strategy }, { inheritAppConfig: true });
  }
  // Before the start: one that fails has connected to Redis already.
  running.push({ nest, lifecycle });
  await nest.init();
  await lifecycle.start();
  const port = nest.get(EdgeListeners).ports['tcp'] ?? 0;
  return { nest, lifecycle, port, streams: nest.get<Streams>(STREAMS) };
}

async function stopEdge({ nest, lifecycle }: Pick<RunningEdge, 'nest' | 'lifecycle'>): Promise<void> {
  await lifecycle.stop('test');
  await nest.close();
}

async function logIn(port: number): Promise<TestDevice> {
  const device = await TestDevice.loggedIn(port, IMEI);
  devices.push(device);
  return device;
}

afterEach(async () => {
  for (const device of devices.splice(0)) device.destroy();
  for (const edge of running.splice(0)) await stopEdge(edge);
});

const registered: readonly (readonly [string, string])[] = [
  [IMEI, JSON.stringify({ deviceId: '1', tenantId: 'default', enabled: true })],
];
const ack = (count: number): string => encodeAck(count).toString('hex');
const entriesOf = (streams: Streams, stream: string): Promise<readonly StreamEntry[]> =>
  streams.range(stream, '-', '+', 1_000);

it('keeps frames in the streams of the contract before it acknowledges them', async () => {
  const { port, streams } = await startEdge();
  await streams.replaceProjection(DEVICE_REGISTRY, registered);
  const device = await logIn(port);
  const before = Date.now();
  device.send(frameOf(2));
  expect(await device.next(4)).toBe(ack(2));
  const [entry] = await entriesOf(streams, telemetryStream(SHARD));
  if (entry === undefined) throw new Error('the frame was acknowledged and is not in its stream');
  expect([...entry.fields.keys()].sort()).toEqual([
    'frame',
    'imei',
    'peer',
    'received_at',
    'traceparent',
    'transport',
    'v',
  ]);
  expect(entry.fields.get('frame')).toEqual(frameOf(2));
  expect(text(entry, 'imei')).toBe(IMEI);
  expect(text(entry, 'transport')).toBe('tcp');
  expect(text(entry, 'v')).toBe('1');
  expect(text(entry, 'peer')).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(text(entry, 'traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  expect(Number(text(entry, 'received_at'))).toBeGreaterThanOrEqual(before);

  const broken = forged({ n1: 5 });
  device.send(broken);
  expect(await device.next(4)).toBe(ack(5));
  const [letter] = await entriesOf(streams, telemetryDeadLetterStream(SHARD));
  if (letter === undefined) throw new Error('the frame was acknowledged and is not in the dead letters');
  expect(letter.fields.get('frame')).toEqual(broken);
  expect(text(letter, 'imei')).toBe(IMEI);
  expect(text(letter, 'source_stream')).toBe('edge');
  expect(text(letter, 'source_id')).toMatch(new RegExp(`^${IMEI}:-?\\d+$`));
  expect(text(letter, 'error_code')).toBe('FRAME_UNDECODABLE');
  expect(text(letter, 'attempts')).toBe('1');
  expect(text(letter, 'first_failed_at')).toBe(text(letter, 'received_at'));
  expect(Number(text(letter, 'failed_at'))).toBeGreaterThanOrEqual(before);
  expect(text(letter, 'app_version')).toMatch(/^\d+\.\d+\.\d+/);
});

it('answers no login while the registry projection is not whole', async () => {
  const { port, streams } = await startEdge({ EDGE_UNKNOWN_DEVICES: 'enroll' });
  await streams.replaceProjection(DEVICE_REGISTRY, registered);
  await streams.writeProjection(DEVICE_REGISTRY, { set: {}, remove: [] }, false);
  const device = await TestDevice.connect(port);
  devices.push(device);
  device.send(encodeLogin(IMEI));
  expect(await device.closed()).toBe('');
});

it('stops in order: nobody new, the sessions ended, the port free, and Nest closes after it', async () => {
  const edge = await startEdge();
  await edge.streams.replaceProjection(DEVICE_REGISTRY, registered);
  const device = await logIn(edge.port);
  device.send(frameOf(1));
  expect(await device.next(4)).toBe(ack(1));
  expect(await edge.lifecycle.stop('test')).toBe(true);
  expect(await device.closed()).toBe(`01${ack(1)}`);
  await expect(TestDevice.connect(edge.port)).rejects.toThrow('ECONNREFUSED');
  await edge.nest.close();
  const again = await startEdge({ EDGE_TCP_PORT: String(edge.port) });
  expect(again.port).toBe(edge.port);
});

it('says what it does in /health and gates readiness by its listener', async () => {
  const { nest, port, streams } = await startEdge();
  await streams.replaceProjection(DEVICE_REGISTRY, registered);
  const contributor = nest.get(HealthRegistry).gates.find(({ name }) => name === 'edge');
  await logIn(port);
  await expect(contributor?.check()).resolves.toMatchObject({
    status: 'up',
    details: { listening: true, tcp_port: port, sessions: 1, devices: 1 },
  });
  await nest.get(EdgeListeners).close();
  await expect(contributor?.check()).resolves.toMatchObject({
    status: 'down',
    details: { listening: false },
  });
});

it('listens for TLS too where it is told to, and says what is missing for it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'odograph-edge-'));
  const { cert, key } = selfSigned('edge');
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  const files = { EDGE_TLS_CERT_FILE: certFile, EDGE_TLS_KEY_FILE: keyFile };
  const { nest, streams } = await startEdge({ EDGE_TLS_PORT: '0', ...files });
  await streams.replaceProjection(DEVICE_REGISTRY, registered);
  const device = await TestDevice.connectTls(nest.get(EdgeListeners).ports['tls'] ?? 0);
  devices.push(device);
  await device.logIn(IMEI);
  device.send(frameOf(2));
  expect(await device.next(4)).toBe(ack(2));
  const entry = (await entriesOf(streams, telemetryStream(SHARD))).at(-1);
  expect(entry && text(entry, 'transport')).toBe('tls');
  await rm(folder, { recursive: true });
  await expect(startEdge({ EDGE_TLS_PORT: '0' })).rejects.toThrow('EDGE_TLS_CERT_FILE');
  await expect(startEdge({ EDGE_PROXY_TRUSTED: '10.0.0.0/8, balancer' })).rejects.toThrow(
    'EDGE_PROXY_TRUSTED',
  );
});

it('names the setting where the port is taken', async () => {
  const { port } = await startEdge();
  await expect(startEdge({ EDGE_TCP_PORT: String(port) })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('EDGE_TCP_PORT') as unknown,
  });
});
