import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@app/common/database';
import { HealthModule } from '@app/common/health';
import { type AppContext, LifecycleModule } from '@app/common/lifecycle';
import { StreamsModule } from '@app/common/streams';
import { EdgeModule } from './edge';
import { IngestModule } from './ingest';
import { type ProcessorFeature, processorSettings } from './processor.config';

type Imports = NonNullable<DynamicModule['imports']>;

/** Modules in the order of their start: ingest projects the registry that the edge needs before it answers a login. */
const MODULES: Readonly<Record<ProcessorFeature, () => Imports>> = {
  ingest: () => [
    DatabaseModule.forRoot({ applicationName: 'odograph-processor', gatesReadiness: true }),
    IngestModule,
  ],
  edge: () => [EdgeModule],
};

/** Composition only: what a processor is made of. */
@Module({})
export class AppModule {
  static forRoot(context: AppContext): DynamicModule {
    const { PROCESSOR_FEATURES: features } = context.read(processorSettings);
    const chosen = (['ingest', 'edge'] as const).filter((feature) => features.includes(feature));
    return {
      module: AppModule,
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        StreamsModule.forRoot(),
        ...chosen.flatMap((feature) => MODULES[feature]()),
      ],
    };
  }
}
