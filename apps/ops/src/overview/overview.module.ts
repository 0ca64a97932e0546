import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { overviewSettings } from './overview.config';
import { OverviewMetrics } from './overview.metrics';
import { OverviewService } from './overview.service';

/** Depth and lag of the whole system, as gauges of the ops service. */
@Module({
  providers: [
    {
      provide: OverviewService,
      inject: [APP_CONTEXT, Lifecycle, Database, STREAMS, Metrics],
      useFactory: (
        { logger, read }: AppContext,
        lifecycle: Lifecycle,
        database: Database,
        streams: Streams,
        metrics: Metrics,
      ) =>
        new OverviewService(lifecycle, {
          ...{ database, streams, logger },
          ...{ metrics: new OverviewMetrics(metrics), settings: read(overviewSettings) },
        }),
    },
  ],
})
export class OverviewModule {}
