import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@app/common/database';
import { HealthModule } from '@app/common/health';
import { type AppContext, LifecycleModule } from '@app/common/lifecycle';
import { StreamsModule } from '@app/common/streams';
import { IntentsModule } from './intents/intents.module';
import { PublishersModule } from './publishers/publishers.module';
import { RetentionModule } from './retention/retention.module';

/** Composition only: what notification is made of. */
@Module({})
export class AppModule {
  static forRoot(context: AppContext): DynamicModule {
    return {
      module: AppModule,
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        // In the order in which they are asked at start.
        StreamsModule.forRoot(),
        DatabaseModule.forRoot({ applicationName: 'odograph-notification', gatesReadiness: true }),
        PublishersModule,
        IntentsModule,
        RetentionModule,
      ],
    };
  }
}
