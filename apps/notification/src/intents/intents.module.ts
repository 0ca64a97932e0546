import { Module } from '@nestjs/common';
import { claimSettings } from '@app/common/config';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { Administrators, DIRECTORY, type Directory } from '../directory';
import { DirectoryModule } from '../directory/directory.module';
import { RoutesService } from '../routes';
import { RoutesModule } from '../routes/routes.module';
import { Acceptance } from './acceptance';
import { Audience } from './audience';
import { IntakeWatch } from './intake-watch';
import { IntentStore } from './intent-store';
import { intentSettings } from './intents.config';
import { intentMetrics } from './intents.metrics';
import { IntentsService } from './intents.service';
import { Resolution } from './resolution';
import { Resolver } from './resolver';
import { StoreMarks } from './store-marks';
import { WaitingStore } from './waiting-store';

/** Rest of an idle resolver; what this instance accepts wakes it. */
const RESOLVER_POLL_MS = 1000;

function buildIntake(
  context: AppContext,
  database: Database,
  streams: Streams,
  directory: Directory,
  administrators: Administrators,
  routes: RoutesService,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): IntentsService {
  const settings = context.read(intentSettings);
  const logger = context.logger.child({ feature: 'intents' });
  const ofIntents = intentMetrics(metrics);
  const records = new IntentStore();
  const waiting = new WaitingStore(database);
  const resolver = new Resolver({
    ...{ directory, waiting, routes, logger, metrics: ofIntents, pollMs: RESOLVER_POLL_MS },
    resolution: new Resolution(database, records, waiting, routes),
  });
  const watch = new IntakeWatch(streams, waiting, ofIntents);
  const audience = new Audience(directory, administrators, waiting);
  const service = new IntentsService(
    {
      consumer: context.instanceId,
      batch: settings.NOTIFICATION_INTAKE_BATCH,
      claimThresholdMs: context.read(claimSettings).CLAIM_THRESHOLD_MS,
      claimIntervalMs: settings.NOTIFICATION_CLAIM_INTERVAL,
      keepMs: settings.NOTIFICATION_INTENT_KEEP,
    },
    {
      acceptance: new Acceptance(database, records, audience, routes),
      marks: new StoreMarks(database, streams),
      ...{ streams, resolver, routes, watch, logger, metrics: ofIntents },
    },
  );
  lifecycle.register(resolver);
  lifecycle.register(service);
  health.register(watch);
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
        DIRECTORY,
        Administrators,
        RoutesService,
        Metrics,
        Lifecycle,
        HealthRegistry,
      ],
    },
  ],
})
export class IntentsModule {}
