import 'reflect-metadata';
import { claimSettings, databaseSettings } from '@app/common/config';
import { runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { administratorSettings, directorySettings } from './directory';
import { intentSettings } from './intents/intents.config';
import { routeSettings } from './routes';

void runApp({
  name: 'notification',
  defaultProbePort: 9103,
  groups: [
    databaseSettings,
    claimSettings,
    directorySettings,
    administratorSettings,
    intentSettings,
    routeSettings,
  ],
  module: (context) => AppModule.forRoot(context),
});
