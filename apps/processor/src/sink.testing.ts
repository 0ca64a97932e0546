import { Registry } from 'prom-client';
import { type UnknownDevicePolicy } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { createLogger, Metrics } from '@app/common/observability';
import { type StreamAppender } from '@app/common/streams';
import { DeviceDirectory } from './sink/device-directory';
import { LiveFeed } from './sink/live-feed';
import { type TelemetryRecord, timeFlags } from './sink/records';
import { rowsOf } from './sink/rows-of';
import { type SinkEntry } from './sink/sink-entry';
import { RulebookReader } from './sink/rulebook';
import { sinkMetrics } from './sink/sink.metrics';
import { Settler } from './sink/settler';
import { SinkService } from './sink/sink.service';
import { StateCache } from './sink/state-cache';

/** What the specs of sink and ingest share. Not part of the app. */

export const quiet = createLogger({ app: 'spec', level: 'silent' });

export function databaseOf(url: string): Database {
  return new Database({
    url,
    poolSize: 4,
    applicationName: 'processor-spec',
    startupTimeoutMs: 5000,
    logger: quiet,
  });
}

let statements = 0;

/** A statement beside everything that is under test. */
export function run<Row extends object>(
  database: Database,
  text: string,
  params: unknown[] = [],
): Promise<Row[]> {
  statements += 1;
  return database.query<Row & Record<string, unknown>>(statement(`spec_${statements}`, text), params);
}

export interface TestSinkOptions {
  readonly database: Database;
  readonly live?: StreamAppender;
  readonly policy?: UnknownDevicePolicy;
  /** What decides of history, and the age of what is cached. */
  readonly now?: () => number;
  readonly cache?: StateCache;
  readonly maxFoldedFixes?: number;
  readonly registry?: Registry;
}

export const NO_LIVE: StreamAppender = {
  append: () => Promise.resolve('0-1'),
  broadcast: () => Promise.resolve(),
};

export function sinkOf(options: TestSinkOptions): SinkService {
  const { database, live = NO_LIVE, policy = 'enroll', now, registry = new Registry() } = options;
  const { cache = new StateCache(1000), maxFoldedFixes = 4000 } = options;
  const metrics = sinkMetrics(new Metrics(registry));
  return new SinkService({
    database,
    directory: new DeviceDirectory(policy, now),
    rulebooks: new RulebookReader(quiet, now),
    live: new LiveFeed(live, 1000, quiet, () => undefined),
    settler: new Settler({ cache, metrics, maxFoldedFixes }),
    metrics,
    ...(now === undefined ? {} : { now }),
  });
}

/** A minute that is long past, so that what is found there is history, unless a spec says when now is. */
export const T0 = 1_750_000_000_000;

export interface RecordSpec {
  readonly second: number;
  /** North of 54.7° N, 25.3° E. */
  readonly metres?: number;
  readonly speedKmh?: number | null;
  readonly satellites?: number;
  readonly digest?: bigint;
  readonly timeMs?: number;
}

export const latitudeAt = (metres: number): number => 547_000_000 + Math.round((metres / 111_195) * 1e7);

export function recordOf(spec: RecordSpec): TelemetryRecord {
  const { second, metres = 0, speedKmh = 50, satellites = 9, digest = BigInt(second * 8 + 1) } = spec;
  const timeMs = spec.timeMs ?? T0 + second * 1000;
  return {
    timeMs: timeMs < 253_402_300_800_000 ? timeMs : Number.POSITIVE_INFINITY,
    rawTimeMs: timeMs < 253_402_300_800_000 ? null : BigInt(timeMs),
    digest,
    longitude: 253_000_000,
    latitude: latitudeAt(metres),
    altitudeM: 100,
    angleDeg: 0,
    speedKmh,
    satellites,
    fixValid: satellites > 0,
    priority: 0,
    eventIoId: 0,
    ignition: true,
    movement: null,
    odometerM: 12_345,
    externalVoltageMv: null,
    codec: 8,
    flags: timeFlags(timeMs, T0 + second * 1000),
    io: Buffer.from([0, 0, 0, 0, 0, 0]),
  };
}

export const IMEI = '356307042441013';

export function entryOf(records: readonly TelemetryRecord[], imei = IMEI): SinkEntry {
  return { imei, receivedAtMs: T0, traceparent: undefined, records: rowsOf(records) };
}

export const noFence = (): Promise<void> => Promise.resolve();

export const fixesOf = (records: readonly TelemetryRecord[]) => {
  const rows = rowsOf(records);
  return records.flatMap((_record, index) => rows.fix(index) ?? []);
};
