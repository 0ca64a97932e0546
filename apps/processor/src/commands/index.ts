export { CommandDesk } from './command-desk';
export { type CommandLine, type SessionCommands } from './command-line';
export { commandSettings } from './commands.config';
export { CommandsModule } from './commands.module';
