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
import { SinkService } from './sink.service';

@Module({
  providers: [
    {
      provide: SinkService,
      inject: [APP_CONTEXT, Database, STREAMS, Metrics],
      useFactory: (context: AppContext, database: Database, streams: Streams, metrics: Metrics) => {
        const logger = context.logger.child({ feature: 'sink' });
        const bound = sinkMetrics(metrics);
        return new SinkService({
          database,
          directory: new DeviceDirectory(context.read(unknownDeviceSettings).EDGE_UNKNOWN_DEVICES),
          rulebooks: new RulebookReader(logger),
          live: new LiveFeed(streams, context.read(sinkSettings).SINK_LIVE_KEEP, logger, () =>
            bound.liveFailures.inc(),
          ),
          metrics: bound,
        });
      },
    },
  ],
  exports: [SinkService],
})
export class SinkModule {}
