import { Client } from 'pg';
import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import { appSettings, readSettings } from '@app/common/config';
import { Lifecycle, type AppContext } from '@app/common/lifecycle';
import { createLogger } from '@app/common/observability';
import { eventually, testServers } from '@app/common/testing';
import { AppModule } from './app.module';

const logger = createLogger({ app: 'ops', level: 'silent' });
const lifecycle = new Lifecycle(logger, 5000);
let nest: INestApplication;

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(async () => {
  await lifecycle.stop('the test is over');
  await nest.close();
});
const servers = testServers();

beforeAll(async () => {
  const environment = {
    DATABASE_URL: servers.postgresUrl('odograph_ops'),
    REDIS_URL: servers.redisUrl,
    REDIS_FSYNC: 'everysec',
  };
  const context: AppContext = {
    ...{ app: 'ops', instanceId: 'ops-test', owner: 'ops-test/1', probePort: 0, logger, lifecycle },
    settings: readSettings(appSettings, environment),
    read: (group) => readSettings(group, environment),
  };
  nest = await NestFactory.create(AppModule.forRoot(context), { logger: false, abortOnError: false });
  await nest.listen(0, '127.0.0.1');
  await lifecycle.start();
});

const healthSchema = z.object({ status: z.string(), details: z.record(z.string(), z.unknown()) });

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${await nest.getUrl()}${path}`, {
    headers: { connection: 'close' },
  });
  return { status: response.status, text: await response.text() };
}

describe('the ops service', () => {
  it('is ready under the role of the operator', async () => {
    for (const probe of ['/healthz', '/startupz', '/readyz'])
      expect(await get(probe)).toMatchObject({ status: 200 });
  });

  it('tells of both stores in /health, the schema included', async () => {
    const { status, text } = await get('/health');
    expect(status).toBe(200);
    expect(healthSchema.parse(JSON.parse(text)).details).toMatchObject({
      postgres: { condition: 'up', schema: 'as the migrations of this build make it' },
      redis: { status: 'up' },
    });
  });

  it('exposes the gauges of the whole system, kept up to date', async () => {
    await eventually(async () => (await get('/metrics')).text.includes('\nodograph_outbox_backlog_parts 0'), {
      what: 'the first look at the outbox',
    });
    expect((await get('/metrics')).text).toContain('odograph_stream_length{stream="fleet:events"} 0');
  });

  it('calls a drifted schema degraded', async () => {
    const owner = new Client({ connectionString: servers.postgresUrl() });
    await owner.connect();
    await owner.query('DROP INDEX telemetry.event_device_idx');
    await owner.end();
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000);
    try {
      const { text } = await get('/health');
      expect(healthSchema.parse(JSON.parse(text)).details).toMatchObject({
        postgres: { condition: 'degraded', schema: expect.stringContaining('event_device_idx') as unknown },
      });
    } finally {
      jest.restoreAllMocks();
    }
  });
});
