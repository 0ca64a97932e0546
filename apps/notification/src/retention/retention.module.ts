import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { OdographError } from '@app/common/errors';
import { routeSettings } from '../routes';
import { retentionSettings } from './retention.config';
import { retentionMetrics } from './retention.metrics';
import { RetentionService } from './retention.service';

/** Some hundred rows take some milliseconds: as long as anybody waits for one that is just being deleted. */
const BATCH = 200;
const PAUSE_MS = 50;

/** @throws OdographError CONFIG_INVALID where a route that its stream has lost could no longer be published again. */
function checkRecordRetention(context: AppContext): void {
  const { NOTIFICATION_DEDUPE_WINDOW: windowMs } = context.read(routeSettings);
  if (context.read(retentionSettings).NOTIFICATION_RECORD_RETENTION > windowMs) return;
  throw new OdographError('CONFIG_INVALID', {
    detail: 'NOTIFICATION_RECORD_RETENTION is not above NOTIFICATION_DEDUPE_WINDOW',
  });
}

function buildRetention(
  context: AppContext,
  database: Database,
  metrics: Metrics,
  lifecycle: Lifecycle,
): RetentionService {
  checkRecordRetention(context);
  const settings = context.read(retentionSettings);
  const leaseTimeMs = context.settings.LEASE_TIME;
  const logger = context.logger.child({ feature: 'retention' });
  const ownership = new Ownership(new LeaseTable(database, context.owner, leaseTimeMs), {
    ...{ app: 'notification-retention', resources: ['notification:retention'], leaseTimeMs, logger },
  });
  const service = new RetentionService(
    {
      recordMs: settings.NOTIFICATION_RECORD_RETENTION,
      deadLetterMs: settings.NOTIFICATION_DEAD_LETTER_RETENTION,
      malformedIntentMs: settings.NOTIFICATION_MALFORMED_INTENT_RETENTION,
      intervalMs: settings.NOTIFICATION_CLEANUP_INTERVAL,
      ...{ batch: BATCH, pauseMs: PAUSE_MS },
    },
    database,
    ownership,
    retentionMetrics(metrics),
    logger,
  );
  lifecycle.register(ownership);
  lifecycle.register(service);
  return service;
}

@Module({
  providers: [
    {
      provide: RetentionService,
      useFactory: buildRetention,
      inject: [APP_CONTEXT, Database, Metrics, Lifecycle],
    },
  ],
})
export class RetentionModule {}
