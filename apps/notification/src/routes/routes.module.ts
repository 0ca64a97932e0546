import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { APP_CONTEXT, type AppContext } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { DraftStore } from './draft-store';
import { Judgement } from './judgement';
import { JUDGING } from './judging';
import { RouteStore } from './route-store';
import { routeSettings } from './routes.config';
import { RoutesService } from './routes.service';
import { Settlements } from './settlements';
import { SinkStore } from './sink-store';

@Module({
  providers: [
    { provide: RouteStore, useFactory: (database: Database) => new RouteStore(database), inject: [Database] },
    {
      provide: Settlements,
      useFactory: (database: Database) => new Settlements(database),
      inject: [Database],
    },
    { provide: SinkStore, useFactory: (database: Database) => new SinkStore(database), inject: [Database] },
    {
      provide: JUDGING,
      useFactory: (context: AppContext, database: Database, metrics: Metrics) =>
        new Judgement({ database, metrics, logger: context.logger.child({ feature: 'routes' }) }),
      inject: [APP_CONTEXT, Database, Metrics],
    },
    {
      provide: RoutesService,
      useFactory: (context: AppContext) => {
        const settings = context.read(routeSettings);
        return new RoutesService(new DraftStore(), {
          push: settings.NOTIFICATION_PUSH_MAX_ATTEMPTS,
          email: settings.NOTIFICATION_EMAIL_MAX_ATTEMPTS,
        });
      },
      inject: [APP_CONTEXT],
    },
  ],
  exports: [RouteStore, Settlements, SinkStore, JUDGING, RoutesService],
})
export class RoutesModule {}
