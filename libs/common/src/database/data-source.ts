import { DataSource, type Logger as TypeOrmLogger } from 'typeorm';
import { AuditEntry } from './entities/audit-entry';
import { Device } from './entities/device';
import { Geofence } from './entities/geofence';
import { Rule } from './entities/rule';
import { Subscription } from './entities/subscription';
import { UserAccount } from './entities/user-account';
import { MIGRATIONS } from './migrations';

const CONNECT_TIMEOUT_MS = 5_000;

export interface DataSourceOptions {
  readonly applicationName?: string;
  /** Told when a connection is lost at rest. Others come as rejections. */
  readonly onIdleConnectionLost?: (error: unknown) => void;
}

/**
 * TypeORM for what people edit and for migrations; nothing on the way of a record uses it. The caller initializes and
 * destroys it. It never changes the schema by itself.
 */
export function createDataSource(url: string, options: DataSourceOptions = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    schema: 'public',
    applicationName: options.applicationName ?? 'odograph-ops',
    entities: [AuditEntry, Device, Geofence, Rule, Subscription, UserAccount],
    migrations: [...MIGRATIONS],
    migrationsTableName: 'odograph_migration',
    migrationsTransactionMode: 'each',
    migrationsRun: false,
    synchronize: false,
    installExtensions: false,
    poolSize: 2,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // The pool has dropped it already, and the next statement takes another one.
    poolErrorHandler: options.onIdleConnectionLost ?? (() => undefined),
    logger: SILENT,
  });
}

/** Errors reach the caller; TypeORM's own logger would write to the console. */
const SILENT: TypeOrmLogger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};
