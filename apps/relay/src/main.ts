import 'reflect-metadata';
import { agedStreamSettings, databaseSettings, deliveryStreamSettings } from '@app/common/config';
import { runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { drainSettings } from './drain/drain.config';
import { retrySettings } from './retry';
import { upkeepSettings } from './upkeep/upkeep.config';

void runApp({
  name: 'relay',
  defaultProbePort: 9102,
  groups: [
    databaseSettings,
    drainSettings,
    retrySettings,
    agedStreamSettings,
    deliveryStreamSettings,
    upkeepSettings,
  ],
  module: (context) => AppModule.forRoot(context),
});
