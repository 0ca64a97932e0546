import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { LeaseTable, Ownership } from '@app/common/leases';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { retryLimitsOf, retryMetrics, retrySettings, RetryTable } from '../retry';
import { Breaker, BREAKER_STATES } from './breaker';
import { CursorTable } from './cursor-table';
import { drainSettings } from './drain.config';
import { drainMetrics } from './drain.metrics';
import { DrainService } from './drain.service';
import { HeldTopics } from './held-topics';
import { DrainLane } from './lane';
import { PART_LEASES } from './part-leases';
import { OutboxWatch } from './watch';

/** What is published twice after a crash, for the marks to skip; and how far behind cursors are shown. */
const CURSOR_SAVE_MS = 250;

function buildDrain(
  context: AppContext,
  database: Database,
  streams: Streams,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): DrainService {
  const settings = context.read(drainSettings);
  const { RELAY_LANES: lanes, RELAY_BATCH: batch, RELAY_POLL_INTERVAL: pollMs } = settings;
  const retrySettingsRead = context.read(retrySettings);
  const leaseTimeMs = context.settings.LEASE_TIME;
  const logger = context.logger.child({ feature: 'drain' });
  const bound = drainMetrics(metrics);
  const ownership: Ownership = new Ownership(new LeaseTable(database, context.owner, leaseTimeMs), {
    app: 'relay',
    resources: PART_LEASES,
    leaseTimeMs,
    logger,
    onChange: (held) => {
      bound.partsOwned.set(held.length);
      service.wake();
    },
  });
  const retries = new RetryTable(database);
  const retry = {
    ...retryLimitsOf(retrySettingsRead),
    ...{ table: retries, pollMs, leaseTimeMs, batch: retrySettingsRead.RELAY_RETRY_BATCH },
    ...{ metrics: retryMetrics(metrics), logger: context.logger.child({ feature: 'retry' }) },
  };
  const breaker = new Breaker((state, reason) => {
    bound.breaker.set(BREAKER_STATES[state]);
    logger.warn({ event: 'outbox_breaker', state, err: reason });
    if (state === 'closed') service.wake();
  });
  const heldTopics = new HeldTopics({
    ...{ database, streams, pollMs, metrics: bound, logger },
    streamLimit: settings.RELAY_STREAM_LIMIT,
    memoryPercent: settings.RELAY_MEMORY_PERCENT,
  });
  const shared = { lanes, batch, pollMs, retry, ownership, breaker, heldTopics, logger, metrics: bound };
  const table = new CursorTable(database);
  const tools = { database, table, retries, ownership, streams, saveEveryMs: CURSOR_SAVE_MS };
  const service: DrainService = new DrainService(
    database,
    ownership,
    Array.from({ length: lanes }, (_, lane) => new DrainLane({ ...shared, lane, tools })),
    breaker,
    heldTopics,
    new OutboxWatch({ database, retries, ownership, leaseTimeMs, metrics: bound, logger }),
  );
  lifecycle.register(ownership);
  lifecycle.register(service);
  health.register(service);
  return service;
}

@Module({
  providers: [
    {
      provide: DrainService,
      useFactory: buildDrain,
      inject: [APP_CONTEXT, Database, STREAMS, Metrics, Lifecycle, HealthRegistry],
    },
  ],
})
export class DrainModule {}
