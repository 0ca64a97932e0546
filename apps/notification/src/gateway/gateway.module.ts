import { Module } from '@nestjs/common';
import { claimSettings, deliveryStreamSettings, gatewayTokenSettings } from '@app/common/config';
import { readGatewayToken } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { PublicHttpService } from '../public-http';
import { PublicHttpModule } from '../public-http/public-http.module';
import { gatewaySettings } from './gateway.config';
import { gatewayMetrics } from './gateway.metrics';
import { GatewayService } from './gateway.service';
import { PushClient } from './push-client';
import { SubscriptionStore } from './subscription-store';
import { SubscriptionsHttp } from './subscriptions-http';
import { type VapidDetails, vapidOf, webPushSettings } from './web-push.config';
import { webPushMetrics } from './web-push.metrics';
import { WebPushService } from './web-push.service';

const WEBSOCKET_PATH = '/ws';

const streamOf = (context: AppContext): string =>
  context.read(deliveryStreamSettings).NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM;

function buildGateway(
  context: AppContext,
  streams: Streams,
  http: PublicHttpService,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): GatewayService {
  const service = new GatewayService({
    settings: context.read(gatewaySettings),
    tokenSecret: context.read(gatewayTokenSettings).NOTIFICATION_GATEWAY_TOKEN_SECRET,
    stream: streamOf(context),
    streams,
    metrics: gatewayMetrics(metrics),
    logger: context.logger.child({ feature: 'gateway' }),
  });
  http.onUpgrade(WEBSOCKET_PATH, service.upgrade);
  lifecycle.register(service);
  health.register(service);
  return service;
}

function buildWebPush(
  context: AppContext,
  database: Database,
  streams: Streams,
  http: PublicHttpService,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): WebPushService | undefined {
  const vapid = vapidOf(context.read(webPushSettings));
  if (vapid === undefined) return undefined;
  const store = new SubscriptionStore(database);
  offerSubscriptions(context, http, store, vapid);
  const settings = context.read(webPushSettings);
  const limits = {
    timeoutMs: settings.NOTIFICATION_WEB_PUSH_TIMEOUT,
    concurrency: settings.NOTIFICATION_WEB_PUSH_CONCURRENCY,
  };
  const allowPrivate = settings.NOTIFICATION_WEB_PUSH_ALLOW_PRIVATE === 'yes';
  const service = new WebPushService({
    ...{ streams, store, stream: streamOf(context), consumer: context.instanceId },
    concurrency: limits.concurrency,
    claimThresholdMs: context.read(claimSettings).CLAIM_THRESHOLD_MS,
    ttlMs: settings.NOTIFICATION_WEB_PUSH_TTL,
    client: new PushClient({ vapid, allowPrivate, ...limits }),
    metrics: webPushMetrics(metrics),
    logger: context.logger.child({ feature: 'web-push' }),
  });
  lifecycle.register(service);
  health.register(service);
  return service;
}

function offerSubscriptions(
  context: AppContext,
  http: PublicHttpService,
  store: SubscriptionStore,
  { publicKey }: VapidDetails,
): void {
  const { NOTIFICATION_GATEWAY_TOKEN_SECRET: secret } = context.read(gatewayTokenSettings);
  const offer = new SubscriptionsHttp({
    ...{ store, publicKey },
    allowPrivate: context.read(webPushSettings).NOTIFICATION_WEB_PUSH_ALLOW_PRIVATE === 'yes',
    allowedOrigins: context.read(gatewaySettings).NOTIFICATION_GATEWAY_ALLOWED_ORIGINS,
    readToken: (token) => readGatewayToken(secret, token),
  });
  http.onRequest('/push/subscriptions', offer.subscriptions);
  http.onRequest('/push/vapid-public-key', offer.vapidPublicKey);
}

/** The push gateway: WebSockets and Web Push for clients of deployments that have no gateway of their own. */
@Module({
  imports: [PublicHttpModule],
  providers: [
    {
      provide: GatewayService,
      useFactory: buildGateway,
      inject: [APP_CONTEXT, STREAMS, PublicHttpService, Metrics, Lifecycle, HealthRegistry],
    },
    {
      provide: WebPushService,
      useFactory: buildWebPush,
      inject: [APP_CONTEXT, Database, STREAMS, PublicHttpService, Metrics, Lifecycle, HealthRegistry],
    },
  ],
})
export class GatewayModule {}
