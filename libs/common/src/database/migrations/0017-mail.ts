import { type MigrationInterface, type QueryRunner } from 'typeorm';
import mailDelivery from './0017-mail/01-mail-delivery.sql';
import mailSuppression from './0017-mail/02-mail-suppression.sql';
import grants from './0017-mail/03-grants.sql';
import drop from './0017-mail.down.sql';

const OBJECTS: readonly string[] = [mailDelivery, mailSuppression, grants];

/** What the mail sender has taken in, and the addresses that it sends nothing to. */
export class Mail1790000000017 implements MigrationInterface {
  readonly name = 'Mail1790000000017';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
