import { Module } from '@nestjs/common';
import { claimSettings, retentionSettings } from '@app/common/config';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { LeaseTable, Ownership } from '@app/common/leases';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { IngestShards } from '../shard-count';
import { SinkModule, SinkService } from '../sink';
import { telemetrySettings } from '../telemetry.config';
import { ingestSettings } from './ingest.config';
import { IngestHealth } from './ingest.health';
import { ingestMetrics } from './ingest.metrics';
import { IngestService } from './ingest.service';
import { DeviceRegistry, REGISTRY_LEASE } from './registry';

const leaseTable = (database: Database, { owner, settings }: AppContext): LeaseTable =>
  new LeaseTable(database, owner, settings.LEASE_TIME);

function ingestServiceOf(
  context: AppContext,
  database: Database,
  streams: Streams,
  metrics: Metrics,
  sink: SinkService,
): IngestService {
  return new IngestService({
    streams,
    sink,
    database,
    leases: leaseTable(database, context),
    leaseTimeMs: context.settings.LEASE_TIME,
    shards: context.read(telemetrySettings).TELEMETRY_SHARDS,
    settings: context.read(ingestSettings),
    claimThresholdMs: context.read(claimSettings).CLAIM_THRESHOLD_MS,
    retentionMs: context.read(retentionSettings).POSITION_RETENTION,
    metrics: ingestMetrics(metrics),
    logger: context.logger.child({ feature: 'ingest' }),
    consumer: context.instanceId,
  });
}

@Module({
  imports: [SinkModule],
  providers: [
    {
      provide: IngestService,
      inject: [APP_CONTEXT, Database, STREAMS, Metrics, SinkService, Lifecycle, HealthRegistry],
      useFactory: (
        context: AppContext,
        database: Database,
        streams: Streams,
        metrics: Metrics,
        sink: SinkService,
        lifecycle: Lifecycle,
        health: HealthRegistry,
      ) => {
        const ingest = ingestServiceOf(context, database, streams, metrics, sink);
        lifecycle.register(ingest.ownership);
        const { TELEMETRY_SHARDS } = context.read(telemetrySettings);
        lifecycle.register(new IngestShards(database, streams, TELEMETRY_SHARDS));
        lifecycle.register(ingest);
        health.register(
          new IngestHealth({
            streams,
            owned: () => ingest.ownedStreams(),
            sinceStoredMs: () => ingest.sinceStoredMs(),
            breaker: ingest.breaker,
            // What another instance has taken over meanwhile is told there.
            rewinding: () => {
              const owned = new Set(ingest.ownedStreams());
              return new Map([...ingest.reconciler.rewinding].filter(([stream]) => owned.has(stream)));
            },
          }),
        );
        return ingest;
      },
    },
    {
      provide: DeviceRegistry,
      inject: [APP_CONTEXT, Database, STREAMS, Lifecycle],
      useFactory: (context: AppContext, database: Database, streams: Streams, lifecycle: Lifecycle) => {
        const logger = context.logger.child({ feature: 'registry' });
        const ownership = new Ownership(leaseTable(database, context), {
          app: 'device-registry',
          resources: [REGISTRY_LEASE],
          leaseTimeMs: context.settings.LEASE_TIME,
          logger,
        });
        const registry = new DeviceRegistry({ database, projections: streams, ownership, logger });
        lifecycle.register(ownership);
        lifecycle.register(registry);
        return registry;
      },
    },
  ],
})
export class IngestModule {}
