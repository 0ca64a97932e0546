import { type MigrationInterface, type QueryRunner } from 'typeorm';
import recordIsOver from './0020-notification-retention/01-record-is-over.sql';
import deleteRecords from './0020-notification-retention/02-delete-records.sql';
import deleteDeadLetters from './0020-notification-retention/03-delete-dead-letters.sql';
import deleteMalformed from './0020-notification-retention/04-delete-malformed.sql';
import deleteCollapse from './0020-notification-retention/05-delete-collapse.sql';
import deleteAllowances from './0020-notification-retention/06-delete-allowances.sql';
import grants from './0020-notification-retention/07-grants.sql';
import drop from './0020-notification-retention.down.sql';

const OBJECTS: readonly string[] = [
  recordIsOver,
  deleteRecords,
  deleteDeadLetters,
  deleteMalformed,
  deleteCollapse,
  deleteAllowances,
  grants,
];

/** What notification may delete, and nothing else: its role has no DELETE of its own. */
export class NotificationRetention1790000000020 implements MigrationInterface {
  readonly name = 'NotificationRetention1790000000020';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
