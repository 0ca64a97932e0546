import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type z } from 'zod';
import {
  appSettings,
  instanceIdOf,
  mergeGroups,
  readSettings,
  refuseUnknownKeys,
  type AppSettings,
  type Environment,
  type SettingGroup,
} from '../config';
import { describeError, OdographError } from '../errors';
import { createLogger, type Logger } from '../observability';
import { Lifecycle } from './lifecycle';
import { NestLogger } from './nest-logger';
import { exitOnPanic } from './panic';

/** What an app's root module is built from. */
export interface AppContext {
  readonly app: string;
  readonly settings: AppSettings;
  /** Consumer name of this process. */
  readonly instanceId: string;
  /** Lease owner: the instance and this very boot of it, since a restarted process is a new owner. */
  readonly owner: string;
  /** The settings of a feature's group; checked at start already. */
  readonly read: <Shape extends z.ZodRawShape>(group: SettingGroup<Shape>) => z.infer<z.ZodObject<Shape>>;
  readonly probePort: number;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
}

export interface AdoptedSettings {
  readonly environment: Environment;
  /** Keys that are accepted and change nothing; they are named in the log. */
  readonly withoutEffect: readonly string[];
}

export interface AppDefinition {
  readonly name: string;
  readonly defaultProbePort: number;
  /** Puts settings by which existing deployments call ours into our words, before any is read. */
  readonly adopt?: (environment: Environment) => AdoptedSettings;
  /** The groups that the app knows beside the common one. */
  readonly groups: readonly SettingGroup[];
  /** Those of them that this process must be able to read, where that hangs on a setting; all by default. */
  readonly needs?: (environment: Environment) => readonly SettingGroup[];
  readonly module: (context: AppContext) => DynamicModule;
  /** Adds what only a Nest application object can add, such as a transport strategy. */
  readonly connect?: (nest: INestApplication, context: AppContext) => Promise<void>;
}

/**
 * Runs an app until a signal ends it: settings, probes, then stores, leases and work. A wrong setting ends it with one
 * line on stderr and status 1. SIGTERM and SIGINT stop it in order with status 0; a second one forces it with 1.
 */
export async function runApp(definition: AppDefinition): Promise<void> {
  const context = await contextOf(definition).catch((error: unknown) => {
    process.stderr.write(`${definition.name}: ${describeError(error)}${adviceOf(error)}\n`);
    process.exitCode = 1;
    return undefined;
  });
  if (context === undefined) return;
  if (process.argv.includes('--check-config')) {
    process.stdout.write(`${definition.name}: the configuration is good\n`);
    return;
  }
  exitOnPanic(definition.name, context.logger, context.lifecycle);
  await run(definition, context);
}

async function contextOf(definition: AppDefinition): Promise<AppContext> {
  const { name, defaultProbePort, groups, needs, adopt } = definition;
  const adopted = adopt?.(process.env) ?? { environment: process.env, withoutEffect: [] };
  const environment = { PROBE_PORT: String(defaultProbePort), ...adopted.environment };
  refuseUnknownKeys([appSettings, ...groups], environment);
  // All at once, so that one look at the message is enough to correct everything.
  readSettings(mergeGroups([appSettings, ...(needs?.(environment) ?? groups)]), environment);
  const settings = readSettings(appSettings, environment);
  const probePort = settings.PROBE_PORT === 0 ? await unusedPort() : settings.PROBE_PORT;
  const instanceId = instanceIdOf(settings, probePort);
  const logger = createLogger({ app: name, level: settings.LOG_LEVEL }).child({ instance: instanceId });
  const lifecycle = new Lifecycle(logger, settings.SHUTDOWN_TIMEOUT);
  if (adopted.withoutEffect.length > 0)
    logger.info({ event: 'settings_without_effect', keys: adopted.withoutEffect });
  return {
    app: name,
    settings,
    instanceId,
    owner: `${instanceId}/${randomUUID()}`,
    read: (group) => readSettings(group, environment),
    probePort,
    logger,
    lifecycle,
  };
}

async function run(definition: AppDefinition, context: AppContext): Promise<void> {
  const { logger, lifecycle, settings, probePort } = context;
  try {
    const nest = await NestFactory.create(definition.module(context), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    const stop = stopper(nest, context);
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
    await definition.connect?.(nest, context);
    await nest.listen(probePort, settings.PROBE_HOST);
    logger.info({ event: 'app_starting', probePort, pid: process.pid });
    await lifecycle.start();
  } catch (error) {
    logger.fatal({ event: 'start_failed', err: error });
    process.stderr.write(`${definition.name}: ${describeError(error)}${adviceOf(error)}\n`);
    await lifecycle.stop('start failed');
    process.exit(1);
  }
}

/** Listeners close after the services, whose budget SHUTDOWN_TIMEOUT is; a caller that never hangs up gets this long. */
const CLOSE_LISTENERS_MS = 500;

/** The first signal stops in order, the second at once. */
function stopper(
  nest: INestApplication,
  { lifecycle, logger, settings }: AppContext,
): (signal: string) => void {
  let signals = 0;
  return (signal) => {
    signals += 1;
    if (signals > 1) {
      logger.error({ event: 'stop_forced', signal });
      process.exit(1);
    }
    setTimeout(() => {
      logger.error({ event: 'stop_overrun' });
      process.exit(1);
    }, settings.SHUTDOWN_TIMEOUT + CLOSE_LISTENERS_MS);
    void lifecycle
      .stop(signal)
      .then(() => nest.close())
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        logger.error({ event: 'stop_failed', err: error });
        process.exit(1);
      });
  };
}

function adviceOf(error: unknown): string {
  return error instanceof OdographError ? `. ${error.action}` : '';
}

/** Chosen before the start, since the consumer name carries it. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
