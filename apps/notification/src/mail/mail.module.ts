import { Module } from '@nestjs/common';
import { claimSettings, deliveryStreamSettings } from '@app/common/config';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { PublicHttpService, publicHttpSettings } from '../public-http';
import { PublicHttpModule } from '../public-http/public-http.module';
import { Composer } from './composer';
import { DeliveryStore } from './delivery-store';
import { Intake } from './intake';
import { mailSettings } from './mail.config';
import { mailMetrics } from './mail.metrics';
import { MailService } from './mail.service';
import { Sender } from './sender';
import { Smtp } from './smtp';
import { UnsubscribePages } from './unsubscribe';
import { UNSUBSCRIBE_PATH, UnsubscribeLinks } from './unsubscribe-links';

/** How much longer a lease is than the sending of a mail may take. */
const LEASE_FACTOR = 2;

function linksOf(context: AppContext): UnsubscribeLinks | undefined {
  const { NOTIFICATION_PUBLIC_URL: url } = context.read(publicHttpSettings);
  const { NOTIFICATION_MAIL_UNSUBSCRIBE_KEY: key } = context.read(mailSettings);
  return url === undefined || key === undefined ? undefined : new UnsubscribeLinks(url, key);
}

function buildMail(
  context: AppContext,
  database: Database,
  streams: Streams,
  publicHttp: PublicHttpService,
  registry: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): MailService {
  const settings = context.read(mailSettings);
  const logger = context.logger.child({ feature: 'mail' });
  const metrics = mailMetrics(registry);
  const store = new DeliveryStore(database);
  const from = settings.NOTIFICATION_MAIL_FROM;
  const links = linksOf(context);
  const smtp = new Smtp({
    url: settings.NOTIFICATION_MAIL_SMTP_URL,
    user: settings.NOTIFICATION_MAIL_SMTP_USER,
    password: settings.NOTIFICATION_MAIL_SMTP_PASSWORD,
    tls: settings.NOTIFICATION_MAIL_SMTP_TLS,
    connections: settings.NOTIFICATION_MAIL_CONNECTIONS,
    ratePerSecond: settings.NOTIFICATION_MAIL_RATE,
    sendTimeoutMs: settings.NOTIFICATION_MAIL_SEND_TIMEOUT,
  });
  const sender = new Sender(
    {
      connections: settings.NOTIFICATION_MAIL_CONNECTIONS,
      leaseMs: settings.NOTIFICATION_MAIL_SEND_TIMEOUT * LEASE_FACTOR,
      pollMs: settings.NOTIFICATION_MAIL_POLL,
      maxAttempts: settings.NOTIFICATION_MAIL_MAX_ATTEMPTS,
    },
    store,
    new Composer(from, links),
    smtp,
    metrics,
    logger,
  );
  const intake = new Intake(
    {
      stream: context.read(deliveryStreamSettings).NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM,
      consumer: context.instanceId,
      claimThresholdMs: context.read(claimSettings).CLAIM_THRESHOLD_MS,
      domain: from.address.slice(from.address.lastIndexOf('@') + 1),
    },
    streams,
    store,
    metrics,
    logger,
    () => sender.loop.wake(),
  );
  if (links !== undefined) {
    const pages = new UnsubscribePages(links, database, metrics, logger);
    publicHttp.onRequest(UNSUBSCRIBE_PATH, (request, response, url) => pages.handle(request, response, url));
  }
  const service = new MailService(
    settings.NOTIFICATION_MAIL_RETENTION,
    intake,
    sender,
    store,
    smtp,
    metrics,
    logger,
  );
  lifecycle.register(service);
  health.register(service);
  return service;
}

@Module({
  imports: [PublicHttpModule],
  providers: [
    {
      provide: MailService,
      useFactory: buildMail,
      inject: [APP_CONTEXT, Database, STREAMS, PublicHttpService, Metrics, Lifecycle, HealthRegistry],
    },
  ],
})
export class MailModule {}
