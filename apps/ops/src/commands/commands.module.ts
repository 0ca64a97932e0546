import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';
import { STREAMS, type Streams } from '@app/common/streams';
import { commandRecordSettings } from './commands.config';
import { CommandsService } from './commands.service';

/** The record of commands to devices, as the ops service keeps it. */
@Module({
  providers: [
    {
      provide: CommandsService,
      inject: [APP_CONTEXT, Lifecycle, Database, STREAMS],
      useFactory: (context: AppContext, lifecycle: Lifecycle, database: Database, streams: Streams) => {
        const { logger, instanceId } = context;
        const keepMs = context.read(commandRecordSettings).COMMAND_RECORD_KEEP;
        const service = new CommandsService({ database, streams, logger, consumer: instanceId, keepMs });
        lifecycle.register(service);
        return service;
      },
    },
  ],
})
export class CommandsModule {}
