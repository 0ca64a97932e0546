import { databaseSettings } from '@app/common/config';
import { runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { processTerminal } from './cli';
import { commandRecordSettings } from './commands';
import { runCommandLine } from './command-line';
import { overviewSettings } from './overview';

/** With arguments the command line `odo`; without any the ops service. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length === 0 || args.join() === '--check-config') {
    await runApp({
      name: 'ops',
      defaultProbePort: 9104,
      groups: [databaseSettings, overviewSettings, commandRecordSettings],
      module: (context) => AppModule.forRoot(context),
    });
    return;
  }
  const status = await runCommandLine(args, {
    terminal: processTerminal(),
    environment: process.env,
    directory: process.cwd(),
  });
  // A command may have set a status of its own already.
  if (status !== 0) process.exitCode = status;
}

void main();
