import { Module } from '@nestjs/common';
import { loadRecordDigest, type RecordDigest } from '@app/common/contracts';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { CommandDesk, CommandsModule } from '../commands';
import { storedIdOf } from '../ingest';
import { EdgeShards } from '../shard-count';
import { telemetrySettings, unknownDeviceSettings } from '../telemetry.config';
import { Admission } from './admission';
import { BadLogins } from './bad-logins';
import { ByteBudget } from './byte-budget';
import { DatagramDesk } from './datagram-desk';
import { edgeSettings } from './edge.config';
import { EdgeMetrics } from './edge.metrics';
import { EdgeService } from './edge.service';
import { EdgeListeners } from './edge.listeners';
import { edgeListeners } from './edge.listeners.factory';
import { FrameDesk } from './frame-desk';
import { FRAME_SINK, type FrameSink } from './frame-sink';
import { GivenIds } from './given-ids';
import { IdentityConflicts } from './identity-conflicts';
import { LossWatch } from './loss-watch';
import { RefusalLog } from './refusal-log';
import { SessionTable } from './session-table';
import { StoreWatch } from './store-watch';
import { StreamFrameSink } from './stream-frame-sink';
import { UploadGate } from './upload-gate';

const RECORD_DIGEST = Symbol('record digest');

/**
 * The device edge: bytes from trackers into telemetry streams. It needs Redis only. `main.ts` connects the strategies
 * of {@link EdgeListeners} to the Nest application; the Lifecycle opens and closes them.
 */
@Module({
  imports: [CommandsModule],
  providers: [
    { provide: RECORD_DIGEST, useFactory: loadRecordDigest },
    { provide: EdgeMetrics, useFactory: (metrics: Metrics) => new EdgeMetrics(metrics), inject: [Metrics] },
    {
      provide: StoreWatch,
      useFactory: ({ logger }: AppContext) => new StoreWatch(logger),
      inject: [APP_CONTEXT],
    },
    {
      provide: SessionTable,
      useFactory: ({ logger }: AppContext, metrics: EdgeMetrics) =>
        new SessionTable(new IdentityConflicts(metrics, logger)),
      inject: [APP_CONTEXT, EdgeMetrics],
    },
    {
      provide: FRAME_SINK,
      useFactory: (
        context: AppContext,
        streams: Streams,
        watch: StoreWatch,
        digest: RecordDigest,
        given: GivenIds,
      ) =>
        new StreamFrameSink(
          streams,
          watch,
          context.read(telemetrySettings).TELEMETRY_SHARDS,
          digest,
          given,
          uploadGate(context, streams),
        ),
      inject: [APP_CONTEXT, STREAMS, StoreWatch, RECORD_DIGEST, GivenIds],
    },
    GivenIds,
    {
      provide: LossWatch,
      useFactory: lossWatch,
      inject: [APP_CONTEXT, STREAMS, GivenIds, EdgeMetrics, Lifecycle],
    },
    {
      provide: Admission,
      useFactory: (context: AppContext, streams: Streams) =>
        new Admission(
          streams,
          context.read(unknownDeviceSettings).EDGE_UNKNOWN_DEVICES,
          context.logger,
          context.read(edgeSettings).EDGE_REGISTRY_RECHECK,
        ),
      inject: [APP_CONTEXT, STREAMS],
    },
    {
      provide: FrameDesk,
      useFactory: (context: AppContext, sink: FrameSink, digest: RecordDigest) =>
        new FrameDesk({
          sink,
          digest,
          logger: context.logger,
        }),
      inject: [APP_CONTEXT, FRAME_SINK, RECORD_DIGEST],
    },
    {
      provide: DatagramDesk,
      useFactory: (context: AppContext, admission: Admission, sink: FrameSink, metrics: EdgeMetrics) =>
        new DatagramDesk({
          admission,
          sink,
          metrics,
          logger: context.logger,
        }),
      inject: [APP_CONTEXT, Admission, FRAME_SINK, EdgeMetrics],
    },
    {
      provide: EdgeListeners,
      useFactory: listeners,
      inject: [
        APP_CONTEXT,
        Admission,
        FrameDesk,
        FRAME_SINK,
        SessionTable,
        EdgeMetrics,
        CommandDesk,
        DatagramDesk,
      ],
    },
    {
      provide: EdgeService,
      useFactory: edgeService,
      inject: [APP_CONTEXT, EdgeListeners, SessionTable, StoreWatch, STREAMS, Lifecycle, HealthRegistry],
    },
  ],
  exports: [EdgeListeners],
})
export class EdgeModule {}

function listeners(
  context: AppContext,
  admission: Admission,
  desk: FrameDesk,
  sink: FrameSink,
  table: SessionTable,
  metrics: EdgeMetrics,
  commands: CommandDesk,
  datagrams: DatagramDesk,
): EdgeListeners {
  const { logger } = context;
  const settings = context.read(edgeSettings);
  const parts = {
    admission,
    desk,
    sink,
    commands,
    table,
    metrics,
    logger,
    refusals: new RefusalLog(logger, settings.EDGE_REFUSALS_LOGGED_PER_SECOND),
    badLogins: new BadLogins(settings.EDGE_BAD_LOGINS_PER_MINUTE),
    budget: new ByteBudget(settings.EDGE_BUFFER_BYTES),
    ageMs: settings.EDGE_SESSION_AGE,
    registryRecheckMs: settings.EDGE_REGISTRY_RECHECK,
    pingsPerMinute: settings.EDGE_PINGS_PER_MINUTE,
    waitsMs: {
      login: settings.EDGE_LOGIN_TIMEOUT,
      frame: settings.EDGE_FRAME_TIMEOUT,
      idle: settings.EDGE_IDLE_TIMEOUT,
      // A device that does not take four bytes in the time of a frame is gone.
      write: settings.EDGE_FRAME_TIMEOUT,
      hold: settings.EDGE_STORE_DOWN_HOLD,
    },
  };
  return edgeListeners(settings, parts, datagrams, logger);
}

function uploadGate({ logger }: AppContext, streams: Streams): UploadGate {
  const storedUpTo = async (stream: string) => storedIdOf((await streams.ownedState(stream)).note);
  return new UploadGate({ storedUpTo, logger });
}

function lossWatch(
  { instanceId, logger }: AppContext,
  streams: Streams,
  given: GivenIds,
  metrics: EdgeMetrics,
  lifecycle: Lifecycle,
): LossWatch {
  const onLost = (devices: number) => metrics.lostDevices(devices);
  const watch = new LossWatch({ streams, given, instance: instanceId, onLost, logger });
  lifecycle.register(watch);
  return watch;
}

function edgeService(
  context: AppContext,
  transports: EdgeListeners,
  table: SessionTable,
  watch: StoreWatch,
  streams: Streams,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): EdgeService {
  const { EDGE_STOP_RATE } = context.read(edgeSettings);
  const service = new EdgeService(transports, table, watch, streams, context.logger, EDGE_STOP_RATE);
  lifecycle.register(
    new EdgeShards({
      facts: streams,
      shards: context.read(telemetrySettings).TELEMETRY_SHARDS,
      owner: context.owner,
      logger: context.logger,
      // Not for this loop to handle: the process ends, and a new start tells what to correct.
      onMismatch: (error) =>
        queueMicrotask(() => {
          throw error;
        }),
    }),
  );
  lifecycle.register(service);
  health.register(service);
  return service;
}
