import { type MigrationInterface, type QueryRunner } from 'typeorm';
import outboxDeadLetter from './0008-outbox-dead-letter/01-outbox-dead-letter.sql';
import grants from './0008-outbox-dead-letter/02-grants.sql';
import drop from './0008-outbox-dead-letter.down.sql';

/** Where messages go that are given up; nothing of the outbox before it changes. */
export class OutboxDeadLetter1790000000008 implements MigrationInterface {
  readonly name = 'OutboxDeadLetter1790000000008';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [outboxDeadLetter, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
