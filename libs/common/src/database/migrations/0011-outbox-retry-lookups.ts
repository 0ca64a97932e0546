import { type MigrationInterface, type QueryRunner } from 'typeorm';
import lookups from './0011-outbox-retry-lookups/01-lookups.sql';
import drop from './0011-outbox-retry-lookups.down.sql';

/** Indexes by which the relay finds the heads of parked keys and what is due beside them. */
export class OutboxRetryLookups1790000000011 implements MigrationInterface {
  readonly name = 'OutboxRetryLookups1790000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(lookups);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
