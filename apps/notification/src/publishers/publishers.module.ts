import { Module } from '@nestjs/common';
import { deliveryStreamSettings } from '@app/common/config';
import { INTENT_CATALOG, LANES } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { LeaseTable } from '@app/common/leases';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import {
  checkDedupeWindow,
  JUDGING,
  type Judging,
  RoutesService,
  routeSettings,
  RouteStore,
  Settlements,
  SinkStore,
} from '../routes';
import { RoutesModule } from '../routes/routes.module';
import { emailChannel } from './email';
import { Publisher, type PublisherOptions } from './publisher';
import { publisherMetrics, type PublisherMetrics } from './publishers.metrics';
import { PublishersService } from './publishers.service';
import { pushChannel } from './push';
import { SinkGuard } from './sink-guard';
import { SinkRepair } from './sink-repair';

/** Longer than the look at one page of published routes takes. */
const REPAIR_LEASE_MS = 30_000;

/** What the publishers of every channel and lane share. */
type Shared = Omit<PublisherOptions, 'channel' | 'lane' | 'guard'>;

function buildPublishers(
  context: AppContext,
  streams: Streams,
  database: Database,
  stores: { readonly routes: RouteStore; readonly settlements: Settlements; readonly sinks: SinkStore },
  judging: Judging,
  registry: Metrics,
): { readonly publishers: Publisher[]; readonly guards: SinkGuard[]; readonly metrics: PublisherMetrics } {
  const settings = context.read(routeSettings);
  const windowMs = settings.NOTIFICATION_DEDUPE_WINDOW;
  checkDedupeWindow(windowMs, {
    types: INTENT_CATALOG.values(),
    maxAttempts: {
      push: settings.NOTIFICATION_PUSH_MAX_ATTEMPTS,
      email: settings.NOTIFICATION_EMAIL_MAX_ATTEMPTS,
    },
    leaseMs: settings.NOTIFICATION_ROUTE_LEASE,
  });
  const logger = context.logger.child({ feature: 'publishers' });
  const metrics = publisherMetrics(registry);
  const leases = new LeaseTable(database, context.owner, REPAIR_LEASE_MS);
  const shared: Shared = {
    ...{ store: stores.routes, settlements: stores.settlements, judging, sinks: streams, windowMs },
    ...{ metrics, logger },
    batch: settings.NOTIFICATION_ROUTE_BATCH,
    leaseMs: settings.NOTIFICATION_ROUTE_LEASE,
    pollMs: settings.NOTIFICATION_ROUTE_POLL,
  };
  const names = context.read(deliveryStreamSettings);
  const targets = [
    { ...pushChannel, stream: names.NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM },
    { ...emailChannel, stream: names.NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM },
  ];
  const channels = targets.map((channel) => {
    const repair = new SinkRepair({
      ...{ channel: channel.channel, stream: channel.stream, windowMs, store: stores.sinks },
      ...{ sinks: streams, leases, metrics, logger },
    });
    const guard = new SinkGuard({ channel: channel.channel, holds: () => repair.holds(), logger });
    return { guard, publishers: LANES.map((lane) => new Publisher({ ...shared, channel, lane, guard })) };
  });
  return {
    publishers: channels.flatMap(({ publishers }) => publishers),
    guards: channels.map(({ guard }) => guard),
    metrics,
  };
}

@Module({
  imports: [RoutesModule],
  providers: [
    {
      provide: PublishersService,
      useFactory: (
        context: AppContext,
        streams: Streams,
        database: Database,
        store: RouteStore,
        settlements: Settlements,
        sinks: SinkStore,
        judging: Judging,
        routes: RoutesService,
        registry: Metrics,
        lifecycle: Lifecycle,
        health: HealthRegistry,
      ) => {
        const stores = { routes: store, settlements, sinks };
        const { publishers, guards, metrics } = buildPublishers(
          context,
          streams,
          database,
          stores,
          judging,
          registry,
        );
        const service = new PublishersService(publishers, guards, store, routes, metrics, context.logger);
        lifecycle.register(service);
        health.register(service);
        return service;
      },
      inject: [
        ...[APP_CONTEXT, STREAMS, Database, RouteStore, Settlements, SinkStore, JUDGING, RoutesService],
        ...[Metrics, Lifecycle, HealthRegistry],
      ],
    },
  ],
})
export class PublishersModule {}
