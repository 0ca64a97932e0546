import { type MigrationInterface, type QueryRunner } from 'typeorm';
import grants from './0019-notification-operators/01-grants.sql';
import drop from './0019-notification-operators.down.sql';

/** What operators may do to notifications beyond what 0014 lets them. */
export class NotificationOperators1790000000019 implements MigrationInterface {
  readonly name = 'NotificationOperators1790000000019';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(grants);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
