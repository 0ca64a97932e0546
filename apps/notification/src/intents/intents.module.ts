import { Module } from '@nestjs/common';
import { claimSettings } from '@app/common/config';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { DirectoryService } from '../directory';
import { DirectoryModule } from '../directory/directory.module';
import { RoutesService } from '../routes';
import { RoutesModule } from '../routes/routes.module';
import { Acceptance } from './acceptance';
import { IntentStore } from './intent-store';
import { intentSettings } from './intents.config';
import { intentMetrics } from './intents.metrics';
import { IntentsService } from './intents.service';

function buildIntake(
  context: AppContext,
  database: Database,
  streams: Streams,
  directory: DirectoryService,
  routes: RoutesService,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): IntentsService {
  const settings = context.read(intentSettings);
  const service = new IntentsService(
    {
      consumer: context.instanceId,
      batch: settings.NOTIFICATION_INTAKE_BATCH,
      claimThresholdMs: context.read(claimSettings).CLAIM_THRESHOLD_MS,
      claimIntervalMs: settings.NOTIFICATION_CLAIM_INTERVAL,
      keepMs: settings.NOTIFICATION_INTENT_KEEP,
    },
    streams,
    new Acceptance(database, new IntentStore(), directory, routes),
    routes,
    intentMetrics(metrics),
    context.logger.child({ feature: 'intents' }),
  );
  lifecycle.register(service);
  health.register(service);
  return service;
}

@Module({
  imports: [DirectoryModule, RoutesModule],
  providers: [
    {
      provide: IntentsService,
      useFactory: buildIntake,
      inject: [
        APP_CONTEXT,
        Database,
        STREAMS,
        DirectoryService,
        RoutesService,
        Metrics,
        Lifecycle,
        HealthRegistry,
      ],
    },
  ],
})
export class IntentsModule {}
