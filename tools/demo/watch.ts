import { type RedisMode } from '@app/common/config';
import { DEFAULT_TELEMETRY_SHARDS } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { createLogger } from '@app/common/observability';
import { RedisStreams } from '@app/common/streams';
import { type Fleet } from '../../apps/ops/src/fleet';
import { type Account } from './balance';
import { EvidenceReader, type ReadReceipts } from './evidence';
import { promisesOf } from './promises';
import { RuleBook } from './rule-book';
import { settle } from './settle';

export interface WatchOptions {
  /** As the owner. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** What the hosts of `redisUrl` are. Default `single`. */
  readonly redisMode?: RedisMode;
  /** Default: that of a deployment that says nothing. */
  readonly shards?: number;
}

export interface StrikeOptions {
  readonly signal: AbortSignal;
  /** Without any progress for so long, what is still open is a difference. Default 30 s. */
  readonly patienceMs?: number;
  readonly onProgress?: (share: number, open: number) => void;
  /** Where somebody is at the end of push and mail. */
  readonly readReceipts?: ReadReceipts;
}

const STARTUP_TIMEOUT_MS = 15_000;
/** Longer than a lease, its take-over, and an app's start after that. */
const PATIENCE_MS = 30_000;

/** Eyes of our own in the stores, beside the apps: opened before the first byte of a run, they can balance it. */
export class Watch {
  private constructor(
    readonly database: Database,
    private readonly streams: RedisStreams,
    readonly book: RuleBook,
    readonly evidence: EvidenceReader,
  ) {}

  /** Rules, fences and subscriptions must be set up already: the balance judges by what it finds now. */
  static async open({
    databaseUrl,
    redisUrl,
    redisMode = 'single',
    shards = DEFAULT_TELEMETRY_SHARDS,
  }: WatchOptions): Promise<Watch> {
    const startupTimeoutMs = STARTUP_TIMEOUT_MS;
    const logger = createLogger({ app: 'demo', level: 'silent' });
    const database = new Database({
      ...{ url: databaseUrl, poolSize: 2, applicationName: 'odograph-demo', startupTimeoutMs, logger },
    });
    const streams = new RedisStreams({
      ...{ url: redisUrl, mode: redisMode, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs },
    });
    try {
      await database.start();
      await streams.start();
      const book = await RuleBook.read(database);
      return new Watch(database, streams, book, await EvidenceReader.start(database, streams, book, shards));
    } catch (error) {
      await Promise.all([database.stop(0), streams.close()]);
      throw error;
    }
  }

  /** The balance of a fleet that has ended, struck again until it is even or nothing more arrives. */
  strike(fleet: Fleet, options: StrikeOptions): Promise<Account[]> {
    const { signal, patienceMs = PATIENCE_MS, onProgress, readReceipts } = options;
    const imeis = new Set(fleet.ledger.devices);
    return settle({
      promises: async () => promisesOf(fleet.ledger, this.book, await this.evidence.deviceIds([...imeis])),
      evidence: () => this.evidence.read(imeis, readReceipts),
      onProgress: onProgress ?? (() => undefined),
      ...{ patienceMs, signal },
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.database.stop(1000), this.streams.close()]);
  }
}
