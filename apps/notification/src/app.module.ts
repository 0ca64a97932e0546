import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@app/common/database';
import { HealthModule } from '@app/common/health';
import { type AppContext, LifecycleModule } from '@app/common/lifecycle';
import { StreamsModule } from '@app/common/streams';
import { GatewayModule } from './gateway/gateway.module';
import { IntentsModule } from './intents/intents.module';
import { MailModule } from './mail/mail.module';
import { NOTIFICATION_FEATURES, type NotificationFeature, notificationSettings } from './notification.config';
import { PublishersModule } from './publishers/publishers.module';
import { RetentionModule } from './retention/retention.module';
import { TemplatesModule } from './templates/templates.module';

type Imports = NonNullable<DynamicModule['imports']>;

const MODULES: Readonly<Record<NotificationFeature, Imports>> = {
  publishers: [PublishersModule],
  intents: [IntentsModule, RetentionModule],
  mail: [MailModule],
  gateway: [GatewayModule],
};

/** Composition only: what notification is made of. */
@Module({})
export class AppModule {
  static forRoot(context: AppContext): DynamicModule {
    const { NOTIFICATION_FEATURES: features } = context.read(notificationSettings);
    const chosen = NOTIFICATION_FEATURES.filter((feature) => features.includes(feature));
    return {
      module: AppModule,
      imports: [
        LifecycleModule.forRoot(context),
        HealthModule,
        // In the order in which they are asked at start.
        StreamsModule.forRoot(),
        DatabaseModule.forRoot({ applicationName: 'odograph-notification', gatesReadiness: true }),
        TemplatesModule,
        ...chosen.flatMap((feature) => MODULES[feature]),
      ],
    };
  }
}
