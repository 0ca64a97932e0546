import { Test } from '@nestjs/testing';
import pino from 'pino';
import { appSettings, readSettings } from '../config';
import { HealthModule, HealthRegistry } from '../health';
import { Lifecycle, LifecycleModule, type AppContext } from '../lifecycle';
import { testServers } from '../testing';
import { type Streams } from './port';
import { STREAMS, StreamsModule } from './streams.module';

describe('StreamsModule', () => {
  const servers = testServers();

  it('gives an app its streams, starts and stops them with it and tells of their health', async () => {
    const logger = pino({ level: 'silent' });
    const lifecycle = new Lifecycle(logger, 5000);
    const environment = {
      DATABASE_URL: servers.postgresUrl(),
      REDIS_URL: servers.redisUrl,
      REDIS_FSYNC: 'everysec',
    };
    const context: AppContext = {
      ...{ app: 'test', instanceId: 'test:1', owner: 'test:1/boot', probePort: 1, logger, lifecycle },
      settings: readSettings(appSettings, environment),
      read: (group) => readSettings(group, environment),
    };
    const app = await Test.createTestingModule({
      imports: [LifecycleModule.forRoot(context), HealthModule, StreamsModule.forRoot()],
    }).compile();
    const streams = app.get<Streams>(STREAMS);
    await lifecycle.start();
    const id = await streams.append('telemetry:test:{0}', { n: '1' });
    expect(await streams.lastIds(['telemetry:test:{0}'])).toEqual(new Map([['telemetry:test:{0}', id]]));

    const [health] = app.get(HealthRegistry).gates;
    expect(health?.name).toBe('redis');
    expect(['up', 'degraded']).toContain((await health?.check())?.status);
    expect(lifecycle.snapshot()).toMatchObject({ redis: { commandsReady: true } });

    expect(await lifecycle.stop('done')).toBe(true);
    await expect(streams.append('telemetry:test:{0}', { n: '2' })).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
    await app.close();
  });
});
