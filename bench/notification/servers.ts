import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapse } from 'node:timers/promises';
import { Redis } from 'ioredis';
import {
  companionKey,
  GATEWAY_CLIENT_EVENTS,
  MAIL_DELIVERY_COMMANDS,
  NOTIFICATION_GROUP,
  NOTIFICATION_INTENTS,
} from '@app/common/contracts';
import { RedisStreams } from '@app/common/streams';
import { eventually, startRedis, type RedisServer } from '@app/common/testing';
import { executed } from '../relay/executed';
import { cpuSeconds } from '../shared/process-figures';
import { BenchServer } from '../sink/server';
import { type BenchIntent, fieldsOf, userId, USERS } from './intents';

const PIPELINE = 500;
const LOOK_EVERY_MS = 2;
const LONGEST_RUN_MS = 180_000;
const AOF_REWRITE_TIMEOUT_MS = 60_000;

export const TARGETS = [GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS] as const;

/** Where the app leaves what the database held. */
const MARKS = companionKey(NOTIFICATION_INTENTS, 'marks');

const ADD_USERS = `INSERT INTO notification.user_account (user_id, email) SELECT id, id || '@example.org' FROM unnest($1::text[]) AS id`;
const UNSETTLED = `SELECT count(*)::integer AS count FROM notification.route
  WHERE state IN ('pending', 'scheduled', 'retrying', 'publishing')`;
const EMPTY = 'TRUNCATE notification.record, notification.malformed_intent, notification.collapse CASCADE';

/** A PostgreSQL and a Redis of the bench's own, with a directory of users. */
export class NotificationServers {
  private constructor(
    readonly postgres: BenchServer,
    readonly redis: RedisServer,
    readonly commands: Redis,
    private readonly streams: RedisStreams,
    private readonly folder: string,
  ) {}

  static async start(): Promise<NotificationServers> {
    // What is counted is what the app writes, and a checkpoint in between would make it write pages whole.
    const postgres = await BenchServer.start(1, {
      autovacuum: 'off',
      checkpoint_timeout: '1h',
      shared_preload_libraries: 'pg_stat_statements',
    });
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-notification-'));
    // A rewrite in the middle of a round would be measured along; between rounds we ask for one.
    const extraArgs = ['--auto-aof-rewrite-percentage', '0'];
    const redis = await startRedis({ dir: join(folder, 'redis'), appendfsync: 'everysec', extraArgs });
    await postgres.query('CREATE EXTENSION pg_stat_statements');
    await postgres.query(ADD_USERS, [Array.from({ length: USERS }, (_, number) => userId(number))]);
    await postgres.query('ANALYZE notification.user_account');
    const streams = new RedisStreams({
      ...{ url: redis.url, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 10_000 },
    });
    await streams.start();
    return new NotificationServers(postgres, redis, new Redis(redis.url), streams, folder);
  }

  /** Adds intents to their stream. Resolves to their entry ids, in their order. */
  async send(intents: readonly BenchIntent[]): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < intents.length; from += PIPELINE) {
      const pipeline = this.commands.pipeline();
      for (const intent of intents.slice(from, from + PIPELINE)) {
        pipeline.xadd(NOTIFICATION_INTENTS, '*', ...fieldsOf(intent));
      }
      for (const [error, id] of (await pipeline.exec()) ?? []) {
        if (error !== null) throw error;
        ids.push(String(id));
      }
    }
    return ids;
  }

  /** Resolves when all intents are read and acknowledged: their rows have committed. */
  async accepted(): Promise<void> {
    await this.untilTrue(async () => {
      const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
      const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
      return group?.lag === 0 && group.pending === 0;
    }, 'the intents to be accepted');
  }

  /** Resolves when the target streams have so many entries together. @throws Error for more of them. */
  async published(count: number): Promise<void> {
    await this.untilTrue(async () => {
      const length = await this.publishedCount();
      if (length > count) throw new Error(`${length} entries of ${count} routes`);
      return length === count;
    }, `${count} routes to be published`);
  }

  async publishedCount(): Promise<number> {
    const lengths = await Promise.all(TARGETS.map((stream) => this.commands.xlen(stream)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Resolves when no route waits or is in hand. */
  async settled(): Promise<void> {
    await eventually(
      async () => {
        const [row] = await this.postgres.query<{ count: number }>(UNSETTLED);
        return row?.count === 0;
      },
      { what: 'the routes to be settled', timeoutMs: LONGEST_RUN_MS },
    );
  }

  /**
   * Whether the app may change routes. Without it intents are accepted as ever and their routes stay where they are, so
   * that each half can be measured by itself.
   */
  async mayPublish(may: boolean): Promise<void> {
    await this.postgres.query(
      may
        ? 'GRANT UPDATE ON notification.route TO odograph_notification'
        : 'REVOKE UPDATE ON notification.route FROM odograph_notification',
    );
  }

  /** Takes away what a run has written. The streams and the group stay, since the app works with them. */
  async clear(): Promise<void> {
    // First what could be offered again, and by what the app would notice that records are gone.
    await executed(
      [NOTIFICATION_INTENTS, ...TARGETS].reduce(
        (pipeline, stream) => pipeline.xtrim(stream, 'MAXLEN', 0),
        this.commands.pipeline().unlink(MARKS),
      ),
    );
    // A claim that looks for work at this moment locks the same tables in another order: one of both has to give way.
    await eventually(() => this.postgres.query(EMPTY), { what: 'the tables to be emptied' });
    await this.postgres.checkpoint();
    await this.commands.bgrewriteaof();
    await eventually(
      async () => (await this.commands.info('persistence')).includes('aof_rewrite_in_progress:0'),
      { what: 'the append-only file to be rewritten', timeoutMs: AOF_REWRITE_TIMEOUT_MS },
    );
  }

  cpuSeconds(): { postgres: number; redis: number } {
    return { postgres: this.postgres.cpuSeconds(), redis: cpuSeconds(this.redis.pid) };
  }

  async stop(): Promise<void> {
    this.commands.disconnect();
    await this.streams.close();
    await this.redis.stop();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async untilTrue(check: () => Promise<boolean>, what: string): Promise<void> {
    const startedAt = performance.now();
    while (!(await check())) {
      if (performance.now() - startedAt > LONGEST_RUN_MS) throw new Error(`waited in vain for ${what}`);
      await elapse(LOOK_EVERY_MS);
    }
  }
}
