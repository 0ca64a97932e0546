import { Test } from '@nestjs/testing';
import { testServers } from '@app/common/testing';
import { appSettings, readSettings } from '../config';
import { HealthModule, HealthRegistry } from '../health';
import { Lifecycle, LifecycleModule, type AppContext } from '../lifecycle';
import { Database } from './database';
import { DatabaseModule } from './database.module';
import { PostgresHealth } from './health';
import { migrateUp } from './migrate';
import { anyNumber, databaseFor, recordingLogger, sql, textWith } from './database.testing';

const servers = testServers();

beforeAll(() => migrateUp(servers.postgresUrl()));

describe('the health of PostgreSQL', () => {
  it('is told in words', async () => {
    const database = databaseFor(servers.postgresUrl('odograph_relay'));
    expect(await new PostgresHealth(database, true).check()).toEqual({
      status: 'up',
      details: {
        latencyMs: anyNumber,
        pool: textWith(/^\d of 3 connections in use, 0 callers waiting$/),
        server: textWith(/^PostgreSQL \d+/),
        recovery: 'not in recovery',
        schema: 'as the migrations of this build make it',
      },
    });
    await database.stop(1_000);
  });

  it('is degraded where the schema is another one, and names what differs', async () => {
    const database = databaseFor(servers.postgresUrl('odograph_relay'));
    await sql(servers.postgresUrl(), 'ALTER TABLE ops.lease SET (fillfactor = 90)');
    try {
      expect(await new PostgresHealth(database, true).check()).toMatchObject({
        status: 'degraded',
        details: { schema: textWith('not as this build makes it: table ops.lease') },
      });
    } finally {
      await sql(servers.postgresUrl(), 'ALTER TABLE ops.lease SET (fillfactor = 50)');
      await database.stop(1_000);
    }
  });
});

describe('DatabaseModule', () => {
  it('gives an app its database, started and stopped with it, and gates its readiness', async () => {
    const { logger } = recordingLogger();
    const environment = {
      DATABASE_URL: servers.postgresUrl('odograph_processor'),
      REDIS_URL: servers.redisUrl,
      DATABASE_POOL_SIZE: '2',
    };
    const settings = readSettings(appSettings, environment);
    const lifecycle = new Lifecycle(logger, 5_000);
    const context: AppContext = {
      app: 'processor',
      settings,
      instanceId: 'spec',
      owner: 'spec/1',
      read: (group) => readSettings(group, environment),
      probePort: 0,
      logger,
      lifecycle,
    };
    const app = await Test.createTestingModule({
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        DatabaseModule.forRoot({ applicationName: 'odograph-processor', gatesReadiness: true }),
      ],
    }).compile();
    await lifecycle.start();
    expect(app.get(HealthRegistry).gates.map(({ name }) => name)).toEqual(['postgres']);
    expect(app.get(Database).poolUse).toMatchObject({ size: 2 });
    expect(await lifecycle.stop('spec')).toBe(true);
    await app.close();
  });
});
