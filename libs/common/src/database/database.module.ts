import { Global, Module, type DynamicModule } from '@nestjs/common';
import { databaseSettings } from '../config';
import { HealthRegistry } from '../health';
import { APP_CONTEXT, Lifecycle, type AppContext } from '../lifecycle';
import { Database } from './database';
import { PostgresHealth } from './health';

export interface DatabaseModuleOptions {
  readonly applicationName: string;
  /** false for an app that can do its work without PostgreSQL. */
  readonly gatesReadiness: boolean;
  /** false for an app without leases: its role then needs no transaction_timeout. Default true. */
  readonly holdsLeases?: boolean;
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

function databaseOf({ settings, read, logger }: AppContext, options: DatabaseModuleOptions): Database {
  const { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize } = read(databaseSettings);
  return new Database({
    url,
    poolSize,
    applicationName: options.applicationName,
    startupTimeoutMs: settings.STARTUP_TIMEOUT,
    ...((options.holdsLeases ?? true) ? { leaseTimeMs: settings.LEASE_TIME } : {}),
    usePreparedStatements: options.usePreparedStatements ?? true,
    logger: logger.child({ area: 'database' }),
  });
}
