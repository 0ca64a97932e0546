import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@app/common/database';
import { HealthModule } from '@app/common/health';
import { LifecycleModule, type AppContext } from '@app/common/lifecycle';
import { StreamsModule } from '@app/common/streams';
import { CommandsModule } from './commands';
import { OverviewModule } from './overview';

/** The ops service: what no single app can tell, since it concerns all of them. */
@Module({})
export class AppModule {
  static forRoot(context: AppContext): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        DatabaseModule.forRoot({ applicationName: 'odograph-ops', gatesReadiness: true, holdsLeases: false }),
        StreamsModule.forRoot(),
        CommandsModule,
        OverviewModule,
      ],
    };
  }
}
