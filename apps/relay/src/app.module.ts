import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@app/common/database';
import { HealthModule } from '@app/common/health';
import { type AppContext, LifecycleModule } from '@app/common/lifecycle';
import { StreamsModule } from '@app/common/streams';
import { DrainModule } from './drain/drain.module';
import { UpkeepModule } from './upkeep/upkeep.module';

/** Composition only: what the relay is made of. */
@Module({})
export class AppModule {
  static forRoot(context: AppContext): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        DatabaseModule.forRoot({ applicationName: 'odograph-relay', gatesReadiness: true }),
        StreamsModule.forRoot(),
        DrainModule,
        UpkeepModule,
      ],
    };
  }
}
