import { type AppContext, type Lifecycle } from '@app/common/lifecycle';
import { type Database } from '@app/common/database';
import { type HealthRegistry } from '@app/common/health';
import { type Metrics } from '@app/common/observability';
import { Administrators } from './administrators';
import { type Directory } from './directory';
import {
  ADMINISTRATOR_TYPES,
  administratorSettings,
  administratorsKeyOf,
  directorySettings,
} from './directory.config';
import { directoryMetrics } from './directory.metrics';
import { TableDirectory } from './table-directory';
import { UserServiceDirectory } from './user-service-directory';

/** How soon a changed list of administrators takes effect. */
const LIST_CHECK_MS = 5_000;

/** The directory that the settings ask for: an HTTP service where one is named, else the table. */
export function buildDirectory(
  context: AppContext,
  database: Database,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): Directory {
  const settings = context.read(directorySettings);
  const baseUrl = settings.NOTIFICATION_USER_SERVICE_BASE_URL;
  if (baseUrl === undefined) return new TableDirectory(database);
  const directory = new UserServiceDirectory({
    baseUrl,
    timeoutMs: settings.NOTIFICATION_USER_SERVICE_TIMEOUT,
    cacheAgeMs: settings.NOTIFICATION_USER_SERVICE_CACHE_AGE,
    cacheSize: settings.NOTIFICATION_USER_SERVICE_CACHE_SIZE,
    concurrency: settings.NOTIFICATION_USER_SERVICE_CONCURRENCY,
    metrics: directoryMetrics(metrics),
    logger: context.logger.child({ feature: 'directory' }),
  });
  lifecycle.register(directory);
  health.register(directory);
  return directory;
}

export function buildAdministrators(
  context: AppContext,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): Administrators {
  const settings = context.read(administratorSettings);
  const administrators = new Administrators({
    lists: ADMINISTRATOR_TYPES.map((type) => {
      const key = administratorsKeyOf(type);
      const [addresses, file] = [settings[key], settings[`${key}_FILE`]];
      return {
        type,
        key,
        addresses: Array.isArray(addresses) ? addresses : [],
        file: typeof file === 'string' ? file : undefined,
      };
    }),
    checkMs: LIST_CHECK_MS,
    logger: context.logger.child({ feature: 'directory' }),
  });
  lifecycle.register(administrators);
  health.register(administrators);
  return administrators;
}
