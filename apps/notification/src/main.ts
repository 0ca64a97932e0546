import 'reflect-metadata';
import { claimSettings, databaseSettings, deliveryStreamSettings } from '@app/common/config';
import { runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { administratorSettings, directorySettings } from './directory';
import { adoptExistingKeys } from './existing-keys';
import { intentSettings } from './intents/intents.config';
import { retentionSettings } from './retention/retention.config';
import { routeSettings } from './routes';

void runApp({
  name: 'notification',
  defaultProbePort: 9103,
  adopt: adoptExistingKeys,
  groups: [
    databaseSettings,
    claimSettings,
    deliveryStreamSettings,
    directorySettings,
    administratorSettings,
    intentSettings,
    routeSettings,
    retentionSettings,
  ],
  module: (context) => AppModule.forRoot(context),
});
