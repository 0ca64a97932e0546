import { Module } from '@nestjs/common';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { CommandDesk } from './command-desk';
import { commandSettings } from './commands.config';
import { CommandMetrics } from './commands.metrics';
import { CommandsService } from './commands.service';
import { CommandInbox } from './inbox';
import { Reporter } from './reporter';

/** How long a device's answer waits for a store that does not take it; then its command's outcome is unknown. */
const REPORT_PATIENCE_MS = 60_000;

/** Commands to devices, for the edge's sessions. It needs Redis only. */
@Module({
  providers: [
    {
      provide: CommandMetrics,
      useFactory: (metrics: Metrics) => new CommandMetrics(metrics),
      inject: [Metrics],
    },
    {
      provide: Reporter,
      useFactory: ({ instanceId, logger }: AppContext, streams: Streams, metrics: CommandMetrics) =>
        new Reporter({ streams, metrics, logger, instance: instanceId, patienceMs: REPORT_PATIENCE_MS }),
      inject: [APP_CONTEXT, STREAMS, CommandMetrics],
    },
    {
      provide: CommandDesk,
      useFactory: commandDesk,
      inject: [APP_CONTEXT, STREAMS, CommandMetrics, Reporter],
    },
    {
      provide: CommandsService,
      useFactory: commandsService,
      inject: [APP_CONTEXT, STREAMS, CommandDesk, Reporter, Lifecycle],
    },
  ],
  exports: [CommandDesk],
})
export class CommandsModule {}

function commandDesk(
  { instanceId, logger, read }: AppContext,
  streams: Streams,
  metrics: CommandMetrics,
  reporter: Reporter,
): CommandDesk {
  const settings = read(commandSettings);
  return new CommandDesk({
    ...{ metrics, reporter, logger, registry: streams, instance: instanceId },
    inbox: new CommandInbox(streams, instanceId),
    ttlMs: settings.COMMANDS_CONNECTION_TTL,
    quietMs: settings.COMMANDS_QUIET,
  });
}

function commandsService(
  { instanceId, logger, read }: AppContext,
  streams: Streams,
  desk: CommandDesk,
  reporter: Reporter,
  lifecycle: Lifecycle,
): CommandsService {
  const service = new CommandsService(desk, reporter, {
    ...{ streams, logger, instance: instanceId },
    connectionTtlMs: read(commandSettings).COMMANDS_CONNECTION_TTL,
  });
  lifecycle.register(service);
  return service;
}
