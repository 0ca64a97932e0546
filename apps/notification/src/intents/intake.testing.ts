import pino from 'pino';
import { Registry } from 'prom-client';
import { type Database } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { type Directory, TableDirectory } from '../directory';
import { type RoutesService } from '../routes';
import { Acceptance } from './acceptance';
import { Audience } from './audience';
import { IntakeWatch } from './intake-watch';
import { IntentStore } from './intent-store';
import { intentMetrics } from './intents.metrics';
import { IntentsService } from './intents.service';
import { Resolution } from './resolution';
import { Resolver } from './resolver';
import { StoreMarks } from './store-marks';
import { WaitingStore } from './waiting-store';

export interface IntakeOptions {
  readonly database: Database;
  readonly routes: RoutesService;
  readonly streams?: Streams;
  readonly consumer?: string;
  readonly directory?: Directory;
  readonly administrators?: Readonly<Record<string, readonly string[]>>;
  readonly claimThresholdMs?: number;
}

/** The parts of an intake as the app wires them, for specs. */
export function intakeOf(options: IntakeOptions) {
  const { database, routes, directory = new TableDirectory(database), administrators = {} } = options;
  const logger = pino({ level: 'silent' });
  const registry = new Registry();
  const metrics = intentMetrics(new Metrics(registry));
  const records = new IntentStore();
  const waiting = new WaitingStore(database);
  const resolution = new Resolution(database, records, waiting, routes);
  const resolver = new Resolver({
    ...{ directory, waiting, resolution, routes, metrics, logger, pollMs: 50, random: () => 0 },
  });
  const audience = new Audience(directory, { of: (type) => administrators[type] ?? [] }, waiting);
  const acceptance = new Acceptance(database, records, audience, routes);
  const accept = (...fields: readonly Record<string, string>[]) =>
    acceptance.accept(fields.map((each, i) => ({ id: `1-${i}`, fields: each })));
  const parts = { acceptance, resolver, resolution, waiting, registry, accept };
  const { streams } = options;
  if (streams === undefined) return { ...parts, service: undefined, watch: undefined };
  const watch = new IntakeWatch(streams, waiting, metrics);
  const service = new IntentsService(
    {
      ...{ consumer: options.consumer ?? 'spec', batch: 100, claimIntervalMs: 3_600_000, keepMs: 900_000 },
      claimThresholdMs: options.claimThresholdMs ?? 60_000,
    },
    {
      streams,
      acceptance,
      resolver,
      routes,
      watch,
      metrics,
      logger,
      marks: new StoreMarks(database, streams),
    },
  );
  return { ...parts, service, watch };
}
