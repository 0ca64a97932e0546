export * from './command-record';
export { commandRecordSettings } from './commands.config';
export { CommandsModule } from './commands.module';
export { CommandsService } from './commands.service';
