import { type MigrationInterface, type QueryRunner } from 'typeorm';
import sink from './0016-notification-sink/01-sink.sql';
import drop from './0016-notification-sink.down.sql';

/** What tells a sink that lost its tail from one that others publish to as well. */
export class NotificationSink1790000000016 implements MigrationInterface {
  readonly name = 'NotificationSink1790000000016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(sink);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
