import { NestFactory } from '@nestjs/core';
import pino from 'pino';
import { generateVAPIDKeys } from 'web-push';
import { appSettings, readSettings } from '@app/common/config';
import { GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { type AppContext, Lifecycle } from '@app/common/lifecycle';
import { STREAMS, type Streams } from '@app/common/streams';
import { freePort, testServers } from '@app/common/testing';
import { AppModule } from '../app.module';
import { eventFields, SECRET, TestClient, tokenFor } from './gateway.testing';
import { TestBrowser, TestPushService } from './push-service.testing';

const servers = testServers();

it('is on by its feature: WebSockets and Web Push on the public listener, of one app', async () => {
  const port = await freePort();
  const { publicKey, privateKey } = generateVAPIDKeys();
  const environment = {
    REDIS_URL: servers.redisUrl,
    REDIS_FSYNC: 'everysec',
    DATABASE_URL: servers.postgresUrl('odograph_notification'),
    NOTIFICATION_FEATURES: 'gateway',
    NOTIFICATION_PUBLIC_HTTP_ADDR: `127.0.0.1:${port}`,
    NOTIFICATION_GATEWAY_TOKEN_SECRET: SECRET,
    NOTIFICATION_WEB_PUSH_VAPID_PUBLIC_KEY: publicKey,
    NOTIFICATION_WEB_PUSH_VAPID_PRIVATE_KEY: privateKey,
    NOTIFICATION_WEB_PUSH_SUBJECT: 'mailto:operator@example.org',
    NOTIFICATION_WEB_PUSH_ALLOW_PRIVATE: 'yes',
  };
  const logger = pino({ level: 'silent' });
  const lifecycle = new Lifecycle(logger, 10_000);
  const context: AppContext = {
    ...{ app: 'notification', instanceId: 'spec', owner: 'spec/1', probePort: 0, logger, lifecycle },
    settings: readSettings(appSettings, environment),
    read: (group) => readSettings(group, environment),
  };
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(context), { logger: false });
  const service = new TestPushService(publicKey);
  const browser = new TestBrowser('desk');
  try {
    await Promise.all([lifecycle.start(), service.start()]);
    const authorization = `Bearer ${tokenFor('anna')}`;
    const registered = await fetch(`http://127.0.0.1:${port}/push/subscriptions`, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify(browser.subscription(service.origin)),
    });
    expect(registered.status).toBe(201);
    const client = new TestClient(`ws://127.0.0.1:${port}/ws`, tokenFor('anna'));
    await client.has('welcome');
    await app.get<Streams>(STREAMS).append(GATEWAY_CLIENT_EVENTS, eventFields({ eventId: 'a' }));
    await client.got('a');
    expect(browser.decrypt((await service.arrived.next()).body)).toContain('"event_id":"a"');
    const stopped = lifecycle.stop('spec');
    await client.closed();
    expect([await stopped, client.closeCode]).toEqual([true, 1001]);
  } finally {
    await lifecycle.stop('spec');
    await Promise.all([app.close(), service.stop()]);
  }
});
