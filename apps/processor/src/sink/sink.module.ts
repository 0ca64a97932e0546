import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { APP_CONTEXT, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { unknownDeviceSettings } from '../telemetry.config';
import { DeviceDirectory } from './device-directory';
import { LiveFeed } from './live-feed';
import { RulebookReader } from './rulebook';
import { sinkSettings } from './sink.config';
import { sinkMetrics } from './sink.metrics';
import { Settler } from './settler';
import { SinkService } from './sink.service';
import { StateCache } from './state-cache';

@Module({
  providers: [
    {
      provide: SinkService,
      inject: [APP_CONTEXT, Database, STREAMS, Metrics],
      useFactory: (context: AppContext, database: Database, streams: Streams, metrics: Metrics) => {
        const logger = context.logger.child({ feature: 'sink' });
        const bound = sinkMetrics(metrics);
        const { SINK_LIVE_KEEP, SINK_STATE_CACHE, SINK_SETTLE_FIXES } = context.read(sinkSettings);
        return new SinkService({
          database,
          directory: new DeviceDirectory(context.read(unknownDeviceSettings).EDGE_UNKNOWN_DEVICES),
          rulebooks: new RulebookReader(logger),
          settler: new Settler({
            cache: new StateCache(SINK_STATE_CACHE),
            metrics: bound,
            maxFoldedFixes: SINK_SETTLE_FIXES,
          }),
          live: new LiveFeed(streams, SINK_LIVE_KEEP, logger, () => bound.liveFailures.inc()),
          metrics: bound,
        });
      },
    },
  ],
  exports: [SinkService],
})
export class SinkModule {}
