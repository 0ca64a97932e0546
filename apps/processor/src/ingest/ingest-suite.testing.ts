import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { type RedisStreams, type StreamEntry } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { databaseOf, run } from '../sink.testing';
import {
  allDeadLetterStreams,
  allStreams,
  entryFields,
  frameOf,
  type Instance,
  instanceOf,
  type InstanceOptions,
  redisStreams,
  START_MS,
  streamOf,
} from './ingest.testing';

export interface IngestSuite {
  /** As superuser. */
  readonly admin: Database;
  readonly database: Database;
  /** As the processor's role. */
  readonly databaseUrl: string;
  readonly streams: RedisStreams;
  readonly started: (options?: Partial<InstanceOptions>) => Promise<Instance>;
  readonly send: (imei: string, frame: Buffer) => Promise<string>;
  readonly positions: () => Promise<number>;
  readonly stored: (count: number) => Promise<unknown>;
  readonly pending: () => Promise<number>;
  readonly allAcked: () => Promise<unknown>;
  readonly deadLetters: () => Promise<StreamEntry[]>;
}

export const imeiOf = (number: number): string => (356_307_042_000_000 + number).toString();
export const at = (second: number) => frameOf({ timestampMs: START_MS + second * 1000 });

/** The suite's own servers, emptied between tests, and instances of ingest that end with their test. */
export function ingestSuite(): IngestSuite {
  const servers = testServers();
  let [admin, database, streams]: [Database?, Database?, RedisStreams?] = [];
  let running: Instance[] = [];
  let boots = 0;
  const has = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw new Error('the suite has its servers only from beforeAll on');
    return value;
  };
  const suite: IngestSuite = {
    get admin() {
      return has(admin);
    },
    get database() {
      return has(database);
    },
    get databaseUrl() {
      return servers.postgresUrl('odograph_processor');
    },
    get streams() {
      return has(streams);
    },
    async started(options = {}) {
      boots += 1;
      const { database, streams } = suite;
      const instance = instanceOf({ name: `instance/${boots}`, database, streams, ...options });
      running.push(instance);
      await instance.start();
      return instance;
    },
    send: (imei, frame) => suite.streams.append(streamOf(imei), entryFields(imei, frame)),
    async positions() {
      const [row] = await run<{ n: number }>(
        suite.admin,
        'SELECT count(*)::integer AS n FROM telemetry.position',
      );
      return row?.n ?? 0;
    },
    stored: (count) =>
      eventually(async () => (await suite.positions()) === count, { what: `${count} positions` }),
    async pending() {
      const infos = await Promise.all(
        allStreams.map((stream) => suite.streams.info(stream, [PROCESSOR_GROUP])),
      );
      return infos.flatMap((info) => info?.groups ?? []).reduce((sum, group) => sum + group.pending, 0);
    },
    allAcked: () =>
      eventually(async () => (await suite.pending()) === 0, { what: 'everything to be acknowledged' }),
    async deadLetters() {
      const ranges = allDeadLetterStreams.map((name) => suite.streams.range(name, '-', '+', 100));
      return (await Promise.all(ranges)).flat();
    },
  };
  beforeAll(async () => {
    admin = databaseOf(servers.postgresUrl());
    database = databaseOf(servers.postgresUrl('odograph_processor'));
    streams = await redisStreams(servers.redisUrl);
  });
  afterAll(() => Promise.all([admin?.stop(1000), database?.stop(1000), streams?.stop()]));
  beforeEach(async () => {
    await run(
      suite.admin,
      `TRUNCATE telemetry.device, telemetry.position, telemetry.device_state, telemetry.rule_checkpoint, telemetry.rule,
         telemetry.geofence, telemetry.subscription, telemetry.event, outbox.message, ops.stream_loss CASCADE`,
    );
  });
  afterEach(async () => {
    await Promise.all(running.map((instance) => instance.stop()));
    running = [];
    await suite.allAcked();
    for (const stream of [...allStreams, ...allDeadLetterStreams]) {
      await suite.streams.commands.onEach((redis) => redis.xtrim(stream, 'MAXLEN', 0));
      await suite.streams.commands.onEach((redis) => redis.del(`${stream}:seen`));
    }
  });
  return suite;
}
