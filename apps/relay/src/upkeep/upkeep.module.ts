import { Module } from '@nestjs/common';
import { agedStreamSettings, deliveryStreamSettings } from '@app/common/config';
import { FLEET_EVENTS } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { upkeepSettings } from './upkeep.config';
import { UpkeepService } from './upkeep.service';

function buildUpkeep(
  context: AppContext,
  database: Database,
  streams: Streams,
  metrics: Metrics,
  lifecycle: Lifecycle,
): UpkeepService {
  const settings = context.read(upkeepSettings);
  const names = context.read(deliveryStreamSettings);
  const leaseTimeMs = context.settings.LEASE_TIME;
  const logger = context.logger.child({ feature: 'upkeep' });
  const ownership = new Ownership(new LeaseTable(database, context.owner, leaseTimeMs), {
    app: 'upkeep',
    resources: ['upkeep'],
    leaseTimeMs,
    logger,
  });
  const service = new UpkeepService(
    {
      keepMs: settings.OUTBOX_KEEP,
      intervalMs: settings.UPKEEP_INTERVAL,
      streamKeepMs: context.read(agedStreamSettings).UPKEEP_STREAM_KEEP,
      agedStreams: [
        FLEET_EVENTS,
        names.NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM,
        names.NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM,
      ],
      ledgerKeepMs: settings.UPKEEP_LEDGER_KEEP,
      deadLetterKeepMs: settings.RELAY_DEAD_LETTER_KEEP,
      daysAhead: settings.UPKEEP_DAYS_AHEAD,
    },
    database,
    streams,
    ownership,
    logger,
    metrics,
  );
  lifecycle.register(ownership);
  lifecycle.register(service);
  return service;
}

@Module({
  providers: [
    {
      provide: UpkeepService,
      useFactory: buildUpkeep,
      inject: [APP_CONTEXT, Database, STREAMS, Metrics, Lifecycle],
    },
  ],
})
export class UpkeepModule {}
