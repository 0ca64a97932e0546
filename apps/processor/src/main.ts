import 'reflect-metadata';
import { type INestApplication } from '@nestjs/common';
import { claimSettings, databaseSettings, readSettings, retentionSettings } from '@app/common/config';
import { type AppContext, runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { commandSettings } from './commands';
import { EdgeListeners, edgeSettings } from './edge';
import { ingestSettings } from './ingest';
import { processorSettings } from './processor.config';
import { sinkSettings } from './sink';
import { telemetrySettings, unknownDeviceSettings } from './telemetry.config';

/** The edge's listeners are Nest transports; they open with the Lifecycle's work, behind everything that they need. */
async function connectEdge(nest: INestApplication, context: AppContext): Promise<void> {
  if (!context.read(processorSettings).PROCESSOR_FEATURES.includes('edge')) return;
  for (const strategy of nest.get(EdgeListeners).strategies) {
    nest.connectMicroservice({ strategy }, { inheritAppConfig: true });
  }
  return Promise.resolve();
}

const edgeGroups = [
  processorSettings,
  telemetrySettings,
  unknownDeviceSettings,
  edgeSettings,
  commandSettings,
];
const groups = [
  ...edgeGroups,
  databaseSettings,
  retentionSettings,
  claimSettings,
  ingestSettings,
  sinkSettings,
];

void runApp({
  name: 'processor',
  defaultProbePort: 9101,
  groups,
  needs: (environment) =>
    readSettings(processorSettings, environment).PROCESSOR_FEATURES.includes('ingest') ? groups : edgeGroups,
  module: (context) => AppModule.forRoot(context),
  connect: connectEdge,
});
