import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapse } from 'node:timers/promises';
import { Client } from 'pg';
import { Redis } from 'ioredis';
import { NOTIFICATION_INTENTS } from '@app/common/contracts';
import { eventually, startRedis, type RedisServer } from '@app/common/testing';
import { cpuSeconds } from '../shared/process-figures';
import { BenchServer } from '../sink/server';
import { DEVICES, KEYS, payloadOf, TOPIC, TRACEPARENT } from './messages';

const FILL_TRANSACTION = 500;
const LOOK_EVERY_MS = 2;
const LONGEST_DRAIN_MS = 120_000;
const AOF_REWRITE_TIMEOUT_MS = 60_000;

const BEHIND = `SELECT count(*)::integer AS parts FROM outbox.cursor AS cursor, LATERAL (
    SELECT FROM outbox.message AS message
    WHERE message.part = cursor.part
      AND (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)
    LIMIT 1) AS unread`;

/** Appends so many messages, the numbered keys by turns; `$3` says whether the commit wakes the relays. */
const APPEND = `WITH appended AS (
    INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
    SELECT 1, key.part, '${TOPIC}', key.imei, gen_random_uuid(), 'default', '${TRACEPARENT}', key.payload
    FROM generate_series($1::integer, $1::integer + $2::integer - 1) AS n
    JOIN bench.key AS key ON key.number = n % ${DEVICES}
    ORDER BY n)
  SELECT CASE WHEN $3::boolean THEN pg_notify('outbox', '') END`;

/** A PostgreSQL and a Redis of the bench's own, with an outbox to fill. */
export class RelayServers {
  private constructor(
    readonly postgres: BenchServer,
    readonly redis: RedisServer,
    readonly commands: Redis,
    private readonly producer: Client,
    private readonly folder: string,
  ) {}

  static async start(appendfsync: 'always' | 'everysec'): Promise<RelayServers> {
    const postgres = await BenchServer.start(1);
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-relay-'));
    // A rewrite in the middle of a round would be measured along; between rounds we ask for one.
    const extraArgs = ['--auto-aof-rewrite-percentage', '0'];
    const redis = await startRedis({ dir: join(folder, 'redis'), appendfsync, extraArgs });
    await postgres.query('CREATE SCHEMA bench');
    await postgres.query(
      'CREATE TABLE bench.key (number integer PRIMARY KEY, imei text, part smallint, payload text)',
    );
    await postgres.query(
      'INSERT INTO bench.key SELECT * FROM unnest($1::integer[], $2::text[], $3::smallint[], $4::text[])',
      [
        KEYS.map(({ number }) => number),
        KEYS.map(({ imei }) => imei),
        KEYS.map(({ part }) => part),
        KEYS.map(payloadOf),
      ],
    );
    // What is counted is what the relays write, and a checkpoint in between would make them write pages whole.
    for (const setting of ["autovacuum = 'off'", "checkpoint_timeout = '1h'"]) {
      await postgres.query(`ALTER SYSTEM SET ${setting}`);
    }
    await postgres.query('SELECT pg_reload_conf()');
    const producer = await connect(postgres.url('postgres'));
    return new RelayServers(postgres, redis, new Redis(redis.url), producer, folder);
  }

  /** Commits so many messages in transactions of some hundred. */
  async fill(count: number): Promise<void> {
    for (let done = 0; done < count; done += FILL_TRANSACTION) {
      await this.append(done, Math.min(FILL_TRANSACTION, count - done), false);
    }
  }

  /** One transaction with messages of the keys from `first` on. */
  async append(first: number, count: number, isNotified: boolean): Promise<void> {
    await this.producer.query({ name: 'append', text: APPEND, values: [first, count, isNotified] });
  }

  streamLength(): Promise<number> {
    return this.commands.xlen(TOPIC);
  }

  /** Whether the cursors of all parts stand at their last message. */
  async isDrained(): Promise<boolean> {
    const [row] = await this.postgres.query<{ parts: number }>(BEHIND);
    return row?.parts === 0;
  }

  /** Resolves when the stream has so many entries. @throws Error for more of them, or when they do not come. */
  async streamHolds(count: number): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const length = await this.commands.xlen(TOPIC);
      if (length === count) return;
      if (length > count) throw new Error(`${length} entries of ${count} messages`);
      if (performance.now() - startedAt > LONGEST_DRAIN_MS)
        throw new Error(`only ${length} of ${count} messages`);
      await elapse(LOOK_EVERY_MS);
    }
  }

  async drained(): Promise<void> {
    await eventually(() => this.isDrained(), {
      what: 'the cursors to stand at the end',
      timeoutMs: LONGEST_DRAIN_MS,
    });
  }

  /** Empties the outbox and its streams; the marks and the cursors stay. */
  async clear(): Promise<void> {
    await this.drained();
    await this.postgres.query('TRUNCATE outbox.message');
    await this.postgres.checkpoint();
    await this.commands.unlink(TOPIC, NOTIFICATION_INTENTS, 'bench:limit', 'bench:peer');
    await this.commands.bgrewriteaof();
    await eventually(
      async () => (await this.commands.info('persistence')).includes('aof_rewrite_in_progress:0'),
      { what: 'the append-only file to be rewritten', timeoutMs: AOF_REWRITE_TIMEOUT_MS },
    );
  }

  cpuSeconds(): { postgres: number; redis: number } {
    return { postgres: this.postgres.cpuSeconds(), redis: cpuSeconds(this.redis.pid) };
  }

  /** A connection of somebody else. */
  connect(name: string): Promise<Client> {
    return connect(this.postgres.url('postgres'), name);
  }

  async stop(): Promise<void> {
    this.commands.disconnect();
    await this.producer.end();
    await this.redis.stop();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function connect(connectionString: string, name = 'bench'): Promise<Client> {
  const client = new Client({ connectionString, application_name: name });
  await client.connect();
  return client;
}
