import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { register } from 'prom-client';
import { appSettings, readSettings } from '@app/common/config';
import { MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { type AppContext, Lifecycle } from '@app/common/lifecycle';
import { createLogger } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { TEMPLATES } from '@app/common/templates';
import { eventually, testServers } from '@app/common/testing';
import { AppModule } from '../app.module';
import { PublicHttpService } from '../public-http';
import { TestMailServer } from './mail-server.testing';

const servers = testServers();
const mails = new TestMailServer({ user: 'odograph', pass: 'secret' });
let nest: INestApplication;
let lifecycle: Lifecycle;

beforeAll(async () => {
  await mails.start();
  register.clear();
  const settings = {
    ...{ REDIS_URL: servers.redisUrl, DATABASE_URL: servers.postgresUrl('odograph_notification') },
    // The tests' Redis trades the disk's promise for speed.
    ...{ REDIS_FSYNC: 'everysec', NOTIFICATION_FEATURES: 'mail' },
    ...{ NOTIFICATION_MAIL_SMTP_URL: mails.url, NOTIFICATION_MAIL_SMTP_TLS: 'off' },
    ...{ NOTIFICATION_MAIL_SMTP_USER: 'odograph', NOTIFICATION_MAIL_SMTP_PASSWORD: 'secret' },
    NOTIFICATION_MAIL_FROM: 'Fleet desk <fleet@odograph.example>',
    NOTIFICATION_MAIL_UNSUBSCRIBE_KEY: 'k'.repeat(32),
    ...{ NOTIFICATION_PUBLIC_URL: 'https://notify.example', NOTIFICATION_PUBLIC_HTTP_ADDR: '127.0.0.1:0' },
  };
  const logger = createLogger({ app: 'mail-test', level: 'silent' });
  lifecycle = new Lifecycle(logger, 5000);
  const context: AppContext = {
    ...{ app: 'notification', instanceId: 'one', owner: 'one/1', probePort: 0, logger, lifecycle },
    settings: readSettings(appSettings, settings),
    read: (group) => readSettings(group, settings),
  };
  nest = await NestFactory.create(AppModule.forRoot(context), { logger: false, abortOnError: false });
  await nest.init();
  await lifecycle.start();
});
afterAll(async () => {
  await lifecycle.stop('test');
  await nest.close();
  await mails.stop();
});

it('the feature `mail` alone sends what stands in the stream, logged in, and its links are served', async () => {
  const type = 'vehicle.offline';
  const call = TEMPLATES.call(
    type,
    { occurredAtMs: 0, payload: TEMPLATES.definition(type).sample },
    { locale: 'fr', timezone: 'Europe/Paris', units: 'metric' },
  );
  await nest.get<Streams>(STREAMS).append(MAIL_DELIVERY_COMMANDS, {
    ...{ v: '1', delivery_id: 'email:1:anna', source: 'notification', payload_mode: 'template' },
    ...{ idempotency_key: 'notification:email:1:anna', requested_at_ms: '1790000001000' },
    payload_json: JSON.stringify({
      ...{ to: ['anna@example.org'], template_id: type, locale: call.locale, variables: call.variables },
      recipient: { user_id: 'anna', tenant_id: 'default' },
    }),
  });
  await eventually(() => mails.received.length === 1, { what: 'the mail' });
  const [received] = mails.received;
  expect(received?.mail.subject).toBe('Van 7 est hors ligne');
  const [link = ''] = /https:\/\/notify\.example\/unsubscribe\S+/.exec(received?.mail.text ?? '') ?? [];
  const port = nest.get(PublicHttpService, { strict: false }).port;
  const page = await fetch(link.replace('https://notify.example', `http://127.0.0.1:${port}`));
  expect(await page.text()).toContain('Se désabonner');
});
