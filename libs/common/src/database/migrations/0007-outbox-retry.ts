import { type MigrationInterface, type QueryRunner } from 'typeorm';
import outboxRetry from './0007-outbox-retry/01-outbox-retry.sql';
import outboxPause from './0007-outbox-retry/02-outbox-pause.sql';
import outboxReplay from './0007-outbox-retry/03-outbox-replay.sql';
import grants from './0007-outbox-retry/04-grants.sql';
import drop from './0007-outbox-retry.down.sql';

/** The retry lane: what could not be published at once, timers, replays, and topics that are held. */
export class OutboxRetry1790000000007 implements MigrationInterface {
  readonly name = 'OutboxRetry1790000000007';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [outboxRetry, outboxPause, outboxReplay, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
