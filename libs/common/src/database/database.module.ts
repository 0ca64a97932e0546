import { Global, Module, type DynamicModule } from '@nestjs/common';
import { HealthRegistry } from '../health';
import { APP_CONTEXT, Lifecycle, type AppContext } from '../lifecycle';
import { Database } from './database';
import { PostgresHealth } from './health';

export interface DatabaseModuleOptions {
  readonly applicationName: string;
  /** false for an app that can do its work without PostgreSQL. */
  readonly gatesReadiness: boolean;
  readonly usePreparedStatements?: boolean;
}

/** The {@link Database} of an app, started before its leases and work and stopped after them. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseModuleOptions): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          inject: [APP_CONTEXT, Lifecycle, HealthRegistry],
          useFactory: (context: AppContext, lifecycle: Lifecycle, health: HealthRegistry) => {
            const database = databaseOf(context, options);
            lifecycle.register(database);
            health.register(new PostgresHealth(database, options.gatesReadiness));
            return database;
          },
        },
      ],
      exports: [Database],
    };
  }
}

function databaseOf({ settings, logger }: AppContext, options: DatabaseModuleOptions): Database {
  return new Database({
    url: settings.DATABASE_URL,
    poolSize: settings.DATABASE_POOL_SIZE,
    applicationName: options.applicationName,
    startupTimeoutMs: settings.STARTUP_TIMEOUT,
    leaseTimeMs: settings.LEASE_TIME,
    usePreparedStatements: options.usePreparedStatements ?? true,
    logger: logger.child({ area: 'database' }),
  });
}
