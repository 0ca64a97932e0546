import { type INestApplication, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { register } from 'prom-client';
import { appSettings, readSettings } from '@app/common/config';
import { connectionKey, COMMAND_RESPONSES, DEVICE_REGISTRY } from '@app/common/contracts';
import { HealthModule } from '@app/common/health';
import { Lifecycle, LifecycleModule, type AppContext } from '@app/common/lifecycle';
import { createLogger } from '@app/common/observability';
import { STREAMS, StreamsModule, textFields, type Streams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { encodeAck } from '@app/teltonika-codec';
import { EdgeListeners, EdgeModule } from './edge';
import { TestDevice } from './edge/device.testing';
import { frameOf, IMEI, OTHER_IMEI } from './edge/session.testing';
import { encodeCommandFrame } from './commands/frames';
import { deviceFrame, queueCommand, told } from './commands.test-kit';

const servers = testServers();
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

const running: RunningEdge[] = [];
const devices: TestDevice[] = [];

/** One of several edge instances on this suite's Redis. */
async function startEdge(instanceId: string, settings: Record<string, string> = {}): Promise<RunningEdge> {
  register.clear();
  const all = {
    REDIS_URL: servers.redisUrl,
    // The tests' Redis trades the disk's promise for speed.
    REDIS_FSYNC: 'everysec',
    EDGE_HOST: '127.0.0.1',
    EDGE_TCP_PORT: '0',
    COMMANDS_QUIET: '20ms',
    ...settings,
  };
  const logger = createLogger({ app: 'edge-test', level: 'silent' });
  const lifecycle = new Lifecycle(logger, PATIENCE_MS);
  const context: AppContext = {
    ...{ app: 'processor', instanceId, owner: `${instanceId}/1`, probePort: 0, logger, lifecycle },
    settings: readSettings(appSettings, all),
    read: (group) => readSettings(group, all),
  };
  const nest = await NestFactory.create(EdgeAlone.forRoot(context), { logger: false, abortOnError: false });
  await nest.init();
  await lifecycle.start();
  const streams = nest.get<Streams>(STREAMS);
  const edge = { nest, lifecycle, streams, port: nest.get(EdgeListeners).ports['tcp'] ?? 0 };
  running.push(edge);
  const device = JSON.stringify({ deviceId: '1', tenantId: 'default', enabled: true });
  await streams.replaceProjection(DEVICE_REGISTRY, [
    [IMEI, device],
    [OTHER_IMEI, device],
  ]);
  return edge;
}

async function stopEdge({ nest, lifecycle }: RunningEdge): Promise<void> {
  await lifecycle.stop('test');
  await nest.close();
}

async function logIn({ port, streams }: RunningEdge, imei = IMEI): Promise<TestDevice> {
  const before = await streams.findConnection(imei);
  const device = await TestDevice.loggedIn(port, imei);
  devices.push(device);
  await eventually(async () => (await streams.findConnection(imei))?.epoch !== before?.epoch, {
    what: 'the claim',
  });
  return device;
}

afterEach(async () => {
  for (const device of devices.splice(0)) device.destroy();
  for (const edge of running.splice(0)) await stopEdge(edge);
});

const ack = (count: number): string => encodeAck(count).toString('hex');
const command = (text: string): string =>
  encodeCommandFrame({
    ...{ codec: '12', text, imei: IMEI, command_id: '', traceparent: '', timeout_ms: '', expires_at_ms: '' },
  }).toString('hex');
const bytesOf = (hex: string): number => hex.length / 2;
/** From here on in `commands:responses`, which the tests of this file share. */
async function toldSince(streams: Streams, count: number): Promise<string[]> {
  return (await told(streams)).slice(count);
}

it('a command reaches the socket that holds the device, and its answer the responses', async () => {
  const [one, two] = [await startEdge('edge:1'), await startEdge('edge:2')];
  const device = await logIn(two);
  const start = (await told(one.streams)).length;
  device.send(frameOf(2));
  expect(await device.next(4)).toBe(ack(2));
  // Asked for at another instance's store connection, as odo does.
  const id = await queueCommand(one.streams, IMEI);
  expect(await device.next(bytesOf(command('getver')))).toBe(command('getver'));
  device.send(Buffer.concat([deviceFrame('Ver:03.28'), frameOf(1, 7)]));
  expect(await device.next(4)).toBe(ack(1));
  await eventually(async () => (await toldSince(one.streams, start)).length === 2, { what: 'the answer' });
  expect(await toldSince(one.streams, start)).toEqual(['sent', 'answered Ver:03.28']);
  const [entry] = (await one.streams.range(COMMAND_RESPONSES, '-', '+', 99)).slice(-1);
  expect(entry && textFields(entry)).toMatchObject({
    ...{
      v: '1',
      outcome: 'answered',
      imei: IMEI,
      command_id: id,
      codec: '12',
      type: '6',
      instance: 'edge:2',
    },
    at_ms: expect.stringMatching(/^\d+$/) as string,
    traceparent: expect.stringMatching(/^00-/) as string,
  });
});

it('of two instances the newest login has the device, and the other socket is ended', async () => {
  const [one, two] = [await startEdge('edge:1'), await startEdge('edge:2')];
  const old = await logIn(one);
  old.send(frameOf(1));
  expect(await old.next(4)).toBe(ack(1));
  const fresh = await logIn(two);
  expect(await old.closed()).toBe(`01${ack(1)}`);
  await queueCommand(one.streams, IMEI);
  expect(await fresh.next(bytesOf(command('getver')))).toBe(command('getver'));
  // And back again, while the other instance still has the first command in hand.
  const again = await logIn(one);
  await fresh.closed();
  const start = (await told(one.streams)).length;
  await queueCommand(two.streams, IMEI, { text: 'getinfo' });
  expect(await again.next(bytesOf(command('getinfo')))).toBe(command('getinfo'));
  again.send(deviceFrame('RTC:1'));
  await eventually(async () => (await toldSince(one.streams, start)).includes('answered RTC:1'), {
    what: 'the answer',
  });
});

it('a device that was away gets its commands at its login, in order and over a restart of the edge', async () => {
  const first = await startEdge('edge:1');
  for (const text of ['getver', 'getinfo']) await queueCommand(first.streams, OTHER_IMEI, { text });
  const device = await logIn(first, OTHER_IMEI);
  expect(await device.next(bytesOf(command('getver')))).toBe(command('getver'));
  device.send(deviceFrame('one'));
  expect(await device.next(bytesOf(command('getinfo')))).toBe(command('getinfo'));
  // The edge stops before the answer: the outcome is unknown, and nobody sends it again.
  const stopped = running.splice(0);
  for (const edge of stopped) await stopEdge(edge);
  await device.closed();
  const second = await startEdge('edge:1');
  expect((await told(second.streams)).slice(-1)).toEqual(['unknown the connection ended before the answer']);
  await queueCommand(second.streams, OTHER_IMEI, { text: 'getgps' });
  const back = await logIn(second, OTHER_IMEI);
  expect(await back.next(bytesOf(command('getgps')))).toBe(command('getgps'));
});

it('takes its connections out of the registry as they end, and puts back what the store lost', async () => {
  const edge = await startEdge('edge:1', { COMMANDS_CONNECTION_TTL: '300ms' });
  const device = await logIn(edge);
  await edge.streams.replaceProjection(connectionKey(IMEI), []);
  await eventually(async () => (await edge.streams.findConnection(IMEI))?.instance === 'edge:1', {
    what: 'the entry to be put back',
  });
  device.destroy();
  await eventually(async () => (await edge.streams.findConnection(IMEI)) === undefined, {
    what: 'the release',
  });
});
