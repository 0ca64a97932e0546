import { Module } from '@nestjs/common';
import { deliveryStreamSettings } from '@app/common/config';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { RoutesService, routeSettings, RouteStore } from '../routes';
import { RoutesModule } from '../routes/routes.module';
import { emailChannel } from './email';
import { Publisher } from './publisher';
import { publisherMetrics } from './publishers.metrics';
import { PublishersService } from './publishers.service';
import { pushChannel } from './push';

function buildPublishers(
  context: AppContext,
  streams: Streams,
  store: RouteStore,
  routes: RoutesService,
  registry: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): PublishersService {
  const settings = context.read(routeSettings);
  const logger = context.logger.child({ feature: 'publishers' });
  const metrics = publisherMetrics(registry);
  const names = context.read(deliveryStreamSettings);
  const channels = [
    { ...pushChannel, stream: names.NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM },
    { ...emailChannel, stream: names.NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM },
  ];
  const publishers = channels.map(
    (channel) =>
      new Publisher({
        channel,
        store,
        streams,
        metrics,
        logger,
        batch: settings.NOTIFICATION_ROUTE_BATCH,
        leaseMs: settings.NOTIFICATION_ROUTE_LEASE,
        pollMs: settings.NOTIFICATION_ROUTE_POLL,
      }),
  );
  const service = new PublishersService(publishers, store, routes, metrics, logger);
  lifecycle.register(service);
  health.register(service);
  return service;
}

@Module({
  imports: [RoutesModule],
  providers: [
    {
      provide: PublishersService,
      useFactory: buildPublishers,
      inject: [APP_CONTEXT, STREAMS, RouteStore, RoutesService, Metrics, Lifecycle, HealthRegistry],
    },
  ],
})
export class PublishersModule {}
