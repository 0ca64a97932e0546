import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisMode } from '@app/common/config';
import { statement } from '@app/common/database';
import { DEFAULT_TELEMETRY_SHARDS, PROCESSOR_GROUP, telemetryStream } from '@app/common/contracts';
import { type RedisStreams } from '@app/common/streams';
import { eventually, repositoryRoot, type TestServers } from '@app/common/testing';
import { DEMO_SCENARIO, Fleet } from '../../apps/ops/src/fleet';
import { differencesOf, Odo, roleUrl, setUpScenario, Stack, Watch } from '../../tools/demo';

/** A suite's stores, where they are not the suite's own single Redis. */
export interface Stores extends TestServers {
  /** What the hosts of the Redis URL are. Default `single`. */
  readonly redisMode?: RedisMode;
}

export interface SystemOptions {
  /** How many replicas must hold a write. Default 0. */
  readonly waitReplicas?: number;
  /** Default: that of a deployment that says nothing. */
  readonly shards?: number;
  readonly processors?: number;
  readonly vehicles?: number;
  readonly recordsPerSecond?: number;
  readonly forMs?: number;
  /** By app; those of an instance such as `processor-2` are laid over them. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The relay's leases are as short as the processor's: a killed one is followed within seconds. Default false. */
  readonly quickRelay?: boolean;
  /** Start an app again that died by itself. */
  readonly restartDead?: boolean;
}

const SHARD_OWNERS = statement(
  'e2e_shard_owners',
  `SELECT split_part(owner, ':', 1) AS instance, count(*)::integer AS shards
   FROM ops.lease
   WHERE name LIKE 'shard:%' AND expires_at > clock_timestamp()
   GROUP BY 1 ORDER BY 1`,
);
const shortenTransactions = (role: string) =>
  statement(
    `e2e_shorten_transactions_${role}`,
    `DO $$ BEGIN EXECUTE format('ALTER ROLE odograph_${role} IN DATABASE %I SET transaction_timeout = ''2s''', current_database()); END $$`,
  );

const FIRST_SEED = 7;
const logDirOf = (folder: string): string => join(folder, 'logs');

/** Short, so that a test of a take-over need not wait ten seconds; transaction_timeout must stay below it. */
export const LEASE_TIME_MS = 3000;

/** The built apps as processes on a suite's own stores, a fleet that drives through them, and the balance at the end. */
export class System {
  private readonly laterFleets: Fleet[] = [];

  private constructor(
    readonly stack: Stack,
    readonly fleet: Fleet,
    private readonly newFleet: (seed: number) => Promise<Fleet>,
    readonly watch: Watch,
    private readonly folder: string,
    private readonly abort: AbortController,
  ) {}

  static async start(servers: Stores, options: SystemOptions = {}): Promise<System> {
    const {
      vehicles = 20,
      recordsPerSecond = 200,
      forMs = 8000,
      processors = 1,
      settings = {},
      restartDead = false,
      quickRelay = false,
      waitReplicas = 0,
      shards = DEFAULT_TELEMETRY_SHARDS,
    } = options;
    const root = repositoryRoot();
    const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-'));
    const databaseUrl = servers.postgresUrl();
    const operator = new Odo(root, { DATABASE_URL: roleUrl(databaseUrl, 'odograph_ops') });
    await setUpScenario(DEMO_SCENARIO, join(folder, 'scenario'), operator);
    const { redisUrl, redisMode = 'single' } = servers;
    const watch = await Watch.open({
      databaseUrl,
      redisUrl,
      redisMode,
      shards: Math.max(shards, DEFAULT_TELEMETRY_SHARDS),
    });
    await watch.database.query(shortenTransactions('processor'));
    if (quickRelay) await watch.database.query(shortenTransactions('relay'));
    const leased = { LEASE_TIME: `${LEASE_TIME_MS}ms` };
    // The suites' Redis does not wait for the disk with each write: no test here cuts its power.
    const common = {
      ...{ REDIS_FSYNC: 'everysec', REDIS_MODE: redisMode },
      REDIS_WAIT_REPLICAS: String(waitReplicas),
    };
    const sharded = { TELEMETRY_SHARDS: String(shards) };
    const stack = new Stack({
      ...{
        root,
        databaseUrl,
        redisUrl,
        processors,
        restartDead,
        logDir: logDirOf(folder),
      },
      settings: {
        ...settings,
        processor: { ...common, ...sharded, ...leased, ...settings['processor'] },
        relay: { ...common, ...(quickRelay ? leased : {}), ...settings['relay'] },
        notification: { ...common, NOTIFICATION_ROUTE_LEASE: '3s', ...settings['notification'] },
      },
    });
    await stack.start();
    const abort = new AbortController();
    const newFleet = (seed: number) =>
      Fleet.create({
        ...stack.edgeOf('processor'),
        ...{ vehicles, recordsPerSecond, forMs, seed, scenario: DEMO_SCENARIO, signal: abort.signal },
      });
    return new System(stack, await newFleet(FIRST_SEED), newFleet, watch, folder, abort);
  }

  /**
   * Fleets one after the other, each with devices of its own, until it is over. Resolves when the last of them has all
   * of its acks.
   */
  async driveUntil(isOver: () => boolean): Promise<void> {
    await this.fleet.run();
    while (!isOver() && !this.abort.signal.aborted) {
      const next = await this.newFleet(FIRST_SEED + 1 + this.laterFleets.length);
      this.laterFleets.push(next);
      await next.run();
    }
  }

  /** Of all fleets so far. */
  get ackedRecords(): number {
    return this.fleets.reduce((sum, fleet) => sum + fleet.stats().ackedRecords, 0);
  }

  get unackedFrames(): number {
    return this.fleets.reduce((sum, fleet) => sum + fleet.ledger.unackedFrames().length, 0);
  }

  /** Resolves when there are so many acks. */
  async acked(records: number): Promise<void> {
    await eventually(() => this.ackedRecords >= records, {
      timeoutMs: 60_000,
      what: `${records} acked records`,
    });
  }

  /** Entries of all shards that no processor has read or that one still has in hand. */
  static async unread(streams: RedisStreams): Promise<number> {
    const counts = await Promise.all(
      Array.from({ length: DEFAULT_TELEMETRY_SHARDS }, async (_, shard) => {
        const info = await streams.info(telemetryStream(shard), [PROCESSOR_GROUP]);
        return (info?.groups ?? []).reduce((sum, { lag, pending }) => sum + (lag ?? 1) + pending, 0);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Live shard leases by instance. */
  async shards(): Promise<Record<string, number>> {
    const rows = await this.watch.database.query<{ instance: string; shards: number }>(SHARD_OWNERS);
    return Object.fromEntries(rows.map(({ instance, shards }) => [instance, shards]));
  }

  /** The differences between what the fleets were promised and what is there; none is the only good answer. */
  async differences(): Promise<string[]> {
    const differences: string[] = [];
    for (const fleet of this.fleets) {
      const accounts = await this.watch.strike(fleet, { signal: this.abort.signal });
      differences.push(...differencesOf(accounts).map(({ kind, key }) => `${kind}: ${key}`));
    }
    return differences;
  }

  /** The differences of these lines of the balance, as they stand at this moment. */
  async differencesNow(...accounts: string[]): Promise<string[]> {
    const differences: string[] = [];
    for (const fleet of this.fleets) {
      const struck = await this.watch.strike(fleet, { signal: this.abort.signal, patienceMs: 0 });
      const wanted = struck.filter(({ name }) => accounts.includes(name));
      expect(wanted).toHaveLength(accounts.length);
      differences.push(...differencesOf(wanted).map(({ kind, key }) => `${kind}: ${key}`));
    }
    return differences;
  }

  /** What an instance has logged so far. */
  logOf(name: string): string {
    return readFileSync(join(logDirOf(this.folder), `${name}.log`), 'utf8');
  }

  private get fleets(): Fleet[] {
    return [this.fleet, ...this.laterFleets];
  }

  /** Ends everything; resolves to the names of apps that did not end in order. */
  async stop(): Promise<string[]> {
    this.abort.abort();
    const unclean = await this.stack.stop();
    await this.watch.close();
    rmSync(this.folder, { recursive: true, force: true });
    return unclean;
  }
}
