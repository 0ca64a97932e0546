import { Global, Module } from '@nestjs/common';
import { Database, PostgresHealth } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, Lifecycle, type AppContext } from '@app/common/lifecycle';

/**
 * The database of the ops service. It holds no lease, so its role has no transaction_timeout (an import may take its
 * time), which the module of the other apps insists on.
 */
@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [APP_CONTEXT, Lifecycle, HealthRegistry],
      useFactory: ({ settings, logger }: AppContext, lifecycle: Lifecycle, health: HealthRegistry) => {
        const database = new Database({
          url: settings.DATABASE_URL,
          poolSize: settings.DATABASE_POOL_SIZE,
          applicationName: 'ops',
          startupTimeoutMs: settings.STARTUP_TIMEOUT,
          logger: logger.child({ area: 'database' }),
        });
        lifecycle.register(database);
        health.register(new PostgresHealth(database, true));
        return database;
      },
    },
  ],
  exports: [Database],
})
export class OpsDatabaseModule {}
